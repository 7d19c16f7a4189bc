package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestStagesStopInTheDirectionDataFlows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var ended []string
		part := func(name string) role {
			return role{name, func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Second) // what is in hand takes a while
				mu.Lock()
				defer mu.Unlock()
				ended = append(ended, name)
				return nil
			}}
		}
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, stop)
		if err := runStages(ctx, [][]role{{part("server")}, {part("door")}, {part("pipeline")}}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"server", "door", "pipeline"}; !slices.Equal(ended, want) {
			t.Errorf("ended %v, want %v", ended, want)
		}
	})
}

func TestARoleThatEndsStopsTheRest(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, run := range map[string]func(context.Context) error{
		"with an error": func(context.Context) error { return broken },
		"by itself":     func(context.Context) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wait := role{"server", func(ctx context.Context) error { <-ctx.Done(); return nil }}
			err := runStages(t.Context(), [][]role{{wait}, {{"pipeline", run}}})
			if err == nil || name == "with an error" && !errors.Is(err, broken) {
				t.Errorf("runStages = %v", err)
			}
		})
	}
}
