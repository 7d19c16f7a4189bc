package fault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/seismohq/seismo/fault"
)

func Example() {
	find := func(id int) error {
		return fault.ResourceNotFound("project", id)
	}
	err := fault.Wrap(find(7), "load settings", slog.String("page", "alerts"))

	fmt.Println(err)                      // for logs
	fmt.Println(fault.PublicMessage(err)) // for clients
	fmt.Println(fault.CodeOf(err), fault.InfoOf(err).Status)
	fmt.Println(errors.Is(err, fault.NotFound))
	// Output:
	// load settings: project not found
	// project not found
	// NOT_FOUND 404
	// true
}

func ExampleNew() {
	err := fault.New(fault.Conflict, "name is taken", slog.String("name", "shop"))
	fmt.Println(err)
	// Output: name is taken
}

func ExampleNewf() {
	err := fault.Newf(fault.TooLarge, "at most %d items", 100)
	fmt.Println(fault.PublicMessage(err))
	// Output: at most 100 items
}

func ExampleWrap() {
	err := fault.Wrap(io.ErrUnexpectedEOF, "read upload", slog.Int("part", 3))
	fmt.Println(err)
	fmt.Println(fault.PublicMessage(err)) // nothing internal
	// Output:
	// read upload: unexpected EOF
	// Internal error
}

func ExampleWith() {
	err := fault.With(io.EOF, fault.WithCode(fault.Unavailable), fault.Public("back in a minute"), fault.RetryAfter(time.Minute))
	fmt.Println(fault.PublicMessage(err))
	fmt.Println(fault.RetryAfterOf(err))
	// Output:
	// back in a minute
	// 1m0s true
}

func ExampleInvalid() {
	err := fault.Invalid(
		fault.FieldError{Field: "name", Rule: "required", Message: "is required"},
		fault.FieldError{Field: "items/0/count", Rule: "max", Message: "must be at most 5", Param: "5"},
	)
	for _, f := range fault.Fields(err) {
		fmt.Println(f.Field, f.Message)
	}
	// Output:
	// name is required
	// items/0/count must be at most 5
}

func ExampleRegister() {
	// Usually a package variable.
	suspended := fault.Register("ACCOUNT_SUSPENDED", fault.Info{Status: 403, Title: "Account suspended"})
	err := fault.New(suspended, "pay the invoice first")
	fmt.Println(fault.InfoOf(err).Status, fault.CodeOf(err))
	// Output: 403 ACCOUNT_SUSPENDED
}

func ExampleJoin() {
	err := fault.Join(fault.New(fault.NotFound, "a is missing"), fault.New(fault.Unavailable, "b is down"))
	fmt.Println(fault.CodeOf(err)) // the worst
	// Output: UNAVAILABLE
}

func ExampleView() {
	err := fault.Wrap(errors.New("pq: password authentication failed"), "query users")
	fmt.Println(fault.View(err)) // hand this to a framework that shows err.Error()
	// Output: Internal error
}

func ExampleParse() {
	body, _ := json.Marshal(fault.View(fault.New(fault.Conflict, "name is taken")))
	err := fault.Parse(body) // on the other side of the wire
	fmt.Println(errors.Is(err, fault.Conflict), err)
	// Output: true name is taken
}

func ExampleReport() {
	err := fault.Wrap(fault.With(fault.New(fault.Internal, "disk full"), fault.NoStack), "save", slog.Int("cart", 7))
	js, _ := json.Marshal(fault.Report(err))
	var out struct {
		Message string
		Attrs   map[string]any
	}
	_ = json.Unmarshal(js, &out)
	fmt.Println(out.Message, out.Attrs)
	// Output: save: disk full map[cart:7]
}

func ExampleRecover() {
	work := func() (err error) {
		defer fault.Recover(&err)
		panic("boom")
	}
	fmt.Println(work())
	// Output: panic: boom
}

func ExampleTry() {
	err := fault.Try(func() error { panic("boom") })
	fmt.Println(err)
	// Output: panic: boom
}

func ExampleGo() {
	done := make(chan struct{})
	fault.OnUncaught(func(_ context.Context, err error) {
		fmt.Println(err)
		close(done)
	})
	defer fault.OnUncaught(nil)
	fault.Go(context.Background(), "refresh", func(context.Context) error { return io.EOF })
	<-done
	// Output: run goroutine: EOF
}

func ExampleGroup() {
	g, ctx := fault.NewGroup(context.Background())
	g.Go(func() error { <-ctx.Done(); return ctx.Err() }) // stops because the other one fails
	g.Go(func() error { return fault.New(fault.Unavailable, "no answer") })
	fmt.Println(g.Wait())
	// Output: no answer
}

func ExampleIgnore() {
	fault.Ignore(os.Remove("/nonexistent/cache"), "the cache is rebuilt anyway")
	// Output:
}

func ExampleAttrs() {
	err := fault.Wrap(fault.New(fault.Conflict, "x", slog.Int("row", 5)), "insert", slog.String("table", "carts"))
	for a := range fault.Attrs(err) {
		fmt.Println(a)
	}
	// Output:
	// table=carts
	// row=5
}

func ExampleStackOf() {
	err := fault.New(fault.Internal, "x")
	for f := range fault.StackOf(err).Frames() {
		fmt.Println(f.Function)
		break
	}
	// Output: github.com/seismohq/seismo/fault_test.ExampleStackOf
}

func ExampleHint() {
	err := fault.With(fault.New(fault.Unavailable, "no database"), fault.Hint("is PostgreSQL running?"))
	fmt.Println(fault.HintOf(err))
	// Output: is PostgreSQL running?
}

func ExampleFingerprint() {
	a := fault.With(io.EOF, fault.Fingerprint("upstream", "billing"))
	b := fault.With(io.ErrUnexpectedEOF, fault.Fingerprint("upstream", "billing"))
	fmt.Println(fault.FingerprintOf(a) == fault.FingerprintOf(b))
	// Output: true
}

func ExampleHeader() {
	err := fault.With(fault.New(fault.Unauthorized, "log in first"), fault.Header("WWW-Authenticate", `Basic realm="shop"`))
	for k, v := range fault.HeadersOf(err) {
		fmt.Println(k, v)
	}
	// Output: WWW-Authenticate Basic realm="shop"
}

func ExampleClose() {
	save := func() (err error) {
		f, err := os.CreateTemp("", "")
		if err != nil {
			return fault.Wrap(err, "create file")
		}
		defer os.Remove(f.Name())
		defer fault.Close(f, &err)
		_, err = f.WriteString("x")
		return fault.Wrap(err, "write file")
	}
	fmt.Println(save())
	// Output: <nil>
}

func ExampleCodeForStatus() {
	fmt.Println(fault.CodeForStatus(502))
	// Output: UNAVAILABLE
}
