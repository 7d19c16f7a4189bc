package pipeline

import (
	"encoding/json"
	"math"

	"github.com/seismohq/seismo/internal/outcome"
)

// workClientReport counts what an SDK says it dropped. The report itself is an item like any other; what it reports
// stands beside the sum of outcomes.
func workClientReport(_ *Pipeline, it *item) {
	type discarded struct {
		Reason   string  `json:"reason"`
		Category string  `json:"category"`
		Quantity float64 `json:"quantity"`
	}
	var report struct {
		Discarded   []discarded `json:"discarded_events"`
		RateLimited []discarded `json:"rate_limited_events"`
		Filtered    []discarded `json:"filtered_events"`
		Sampled     []discarded `json:"filtered_sampling_events"`
	}
	if err := json.Unmarshal(it.Payload, &report); err != nil {
		it.end(outcome.Invalid, "invalid_json")
		return
	}
	it.end(outcome.Accepted, "")
	for _, list := range [][]discarded{report.Discarded, report.RateLimited, report.Filtered, report.Sampled} {
		for _, d := range list {
			// Reasons and categories are words that an SDK chose: they are kept short, and few of them.
			if len(it.discarded) == 50 || !(d.Quantity >= 1) || d.Quantity > math.MaxInt32 {
				continue
			}
			it.discarded = append(it.discarded, outcome.Count{
				Project: it.delivery.Project, Hour: outcome.Hour(it.delivery.Received),
				Category: outcome.Category(shortLine(d.Category, 32)), Outcome: outcome.ClientDiscard,
				Reason: shortLine(d.Reason, 64), Quantity: int64(d.Quantity),
			})
		}
	}
}
