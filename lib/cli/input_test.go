package cli

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestInputWithoutSignal(t *testing.T) {
	in, err := NewInput(strings.NewReader("abc"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if b, err := io.ReadAll(in); string(b) != "abc" || err != nil || in.Code() != 0 {
		t.Errorf("%q, %v, code %d", b, err, in.Code())
	}
}

// TestInputSignals: one SIGINT lets the filter read on, a second one and SIGTERM end its input.
func TestInputSignals(t *testing.T) {
	for _, tt := range []struct {
		name string
		sig  []syscall.Signal
		code int
	}{
		{"term", []syscall.Signal{syscall.SIGTERM}, 128 + 15},
		{"two interrupts", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, 128 + 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			in, err := NewInput(r)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			for i, s := range tt.sig {
				send(t, s)
				if last := i == len(tt.sig)-1; last {
					break
				}
				if _, err := w.WriteString("x"); err != nil {
					t.Fatal(err)
				}
				if n, err := in.Read(make([]byte, 8)); n != 1 || err != nil || in.Code() != 0 {
					t.Fatalf("after the first: %d, %v, code %d", n, err, in.Code())
				}
			}
			got := make(chan error, 1)
			go func() {
				_, err := in.Read(make([]byte, 8))
				got <- err
			}()
			select {
			case err := <-got:
				if !errors.Is(err, io.EOF) || in.Code() != tt.code {
					t.Errorf("%v, code %d: expected EOF, %d", err, in.Code(), tt.code)
				}
			case <-time.After(10 * time.Second):
				t.Error("the read does not end")
			}
		})
	}
}

// send signals this process and gives the runtime time to pass it on, so that two do not merge.
func send(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
}
