package jetstream

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/seismohq/seismo/fault"
)

// Keys of the streams' metadata.
const (
	metaID         = "seismo_id"         // random, made with the stream
	metaPartitions = "seismo_partitions" // how many streams the log has
)

// openStreams returns the stream of each partition, makes those that are not there, and identifies the log.
//
// The log's identity is a digest of all streams' ids: should one of them be lost and made anew, its positions begin at 1
// again, and what was recorded for the old ones must not apply to it.
func openStreams(ctx context.Context, js jetstream.JetStream, o Options, external bool) ([]jetstream.Stream, string, error) {
	partitions, err := countPartitions(ctx, js, o)
	if err != nil {
		return nil, "", err
	}
	var streams []jetstream.Stream
	digest := sha256.New()
	for i := range partitions {
		s, err := openStream(ctx, js, o, i, partitions, external)
		if err != nil {
			return nil, "", fault.Wrap(err, "open the stream of a partition", slog.Int("partition", i))
		}
		meta := s.CachedInfo().Config.Metadata
		if err := checkPartitions(meta, partitions); err != nil {
			return nil, "", err
		}
		digest.Write([]byte(meta[metaID] + "\n"))
		streams = append(streams, s)
	}
	return streams, hex.EncodeToString(digest.Sum(nil)[:16]), nil
}

// countPartitions returns how many partitions the log has or is to get.
func countPartitions(ctx context.Context, js jetstream.JetStream, o Options) (int, error) {
	s, err := js.Stream(ctx, streamName(o, 0))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if o.Partitions == 0 {
			return 4, nil
		}
		return o.Partitions, nil
	}
	if err != nil {
		return 0, ended(ctx, err, "look for the streams of the queue")
	}
	meta := s.CachedInfo().Config.Metadata
	if meta[metaID] == "" {
		return 0, fault.New(fault.Conflict, "stream of the queue's name belongs to something else", slog.String("stream", streamName(o, 0)))
	}
	if o.Partitions != 0 {
		return o.Partitions, checkPartitions(meta, o.Partitions)
	}
	n, err := strconv.Atoi(meta[metaPartitions])
	return n, fault.Wrap(err, "read how many partitions the queue has")
}

func checkPartitions(meta map[string]string, want int) error {
	if got := meta[metaPartitions]; got != strconv.Itoa(want) {
		return fault.With(
			fault.New(fault.Validation, "queue has another number of partitions than the setting queue-partitions",
				slog.String("partitions", got), slog.Int("setting", want)),
			fault.Hint("set queue-partitions to "+got+"; the number is fixed when a queue is made"),
		)
	}
	return nil
}

func streamName(o Options, partition int) string { return o.Name + "_" + strconv.Itoa(partition) }

// openStream opens or makes one stream.
func openStream(ctx context.Context, js jetstream.JetStream, o Options, partition, partitions int, external bool) (jetstream.Stream, error) {
	config := jetstream.StreamConfig{
		Name:        streamName(o, partition),
		Description: "Seismo: events that were taken in and not yet worked",
		Subjects:    []string{streamName(o, partition)},
		Retention:   jetstream.LimitsPolicy, // nothing but an acknowledgement removes a message
		Discard:     jetstream.DiscardNew,
		Storage:     jetstream.FileStorage,
		Replicas:    max(o.Replicas, 1),
		Duplicates:  time.Minute, // longer than a group is tried, see sendWait
		Metadata:    map[string]string{metaID: rand.Text(), metaPartitions: strconv.Itoa(partitions)},
		// MaxBytes stays unset: the server would reserve it, and a partition could use no more than its share.
	}
	s, err := js.Stream(ctx, config.Name)
	if err == nil {
		return s, nil
	}
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, ended(ctx, err, "look for a stream of the queue")
	}
	if external && o.Replicas == 0 {
		config.Replicas = 3
	}
	s, err = js.CreateStream(ctx, config)
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == replicasNeedCluster && o.Replicas == 0 {
		config.Replicas = 1
		s, err = js.CreateStream(ctx, config)
	}
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, jetstream.ErrStreamNameAlreadyInUse):
		// Another process was faster; its ids count.
		s, err = js.Stream(ctx, config.Name)
		return s, fault.Wrap(err, "open the stream that another process made")
	case errors.As(err, &api) && api.ErrorCode == noSuitablePeers:
		return nil, fault.With(unavailable(err, "make a stream of the queue", retryAway),
			fault.Hint("the cluster has too few servers with JetStream; start them, or give the URL of the queue the parameter replicas=1"))
	}
	return nil, ended(ctx, err, "make a stream of the queue")
}

// Error codes of the server's API, https://github.com/nats-io/nats-server/blob/v2.15.2/server/errors.json.
const (
	replicasNeedCluster jetstream.ErrorCode = 10074
	noSuitablePeers     jetstream.ErrorCode = 10005
)
