package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"time"
)

// sample is one run: the time on the wall, and the processors' time of all its processes.
type sample struct{ wall, cpu time.Duration }

// measure runs the modes in turn, so that a slow minute of the machine hits all of them, and prints a
// row for each. A ratio is the median of the ratios within the rounds.
func measure(w workload, dir string, argv []string, modes []mode, rounds int) error {
	samples := make([][]sample, len(modes))
	for range rounds {
		for i, m := range modes {
			if w.reset != nil {
				if err := w.reset(dir); err != nil {
					return err
				}
			}
			s, err := once(dir, append(slices.Clone(m.argv), argv...))
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			samples[i] = append(samples[i], s)
		}
	}
	wall := func(s sample) time.Duration { return s.wall }
	cpu := func(s sample) time.Duration { return s.cpu }
	for i, m := range modes {
		walls := pick(samples[i], wall)
		fmt.Printf("%-8s %-10s %10s %10s-%10s %7.2fx %10s %7.2fx\n", w.name, m.name,
			round(median(walls)), round(slices.Min(walls)), round(slices.Max(walls)), ratio(walls, pick(samples[0], wall)),
			round(median(pick(samples[i], cpu))), ratio(pick(samples[i], cpu), pick(samples[0], cpu)))
	}
	return nil
}

func once(dir string, argv []string) (sample, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return sample{}, fmt.Errorf("%w: %s", err, firstLine(stderr.Bytes()))
	}
	return sample{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

func pick(s []sample, f func(sample) time.Duration) []time.Duration {
	var out []time.Duration
	for _, x := range s {
		out = append(out, f(x))
	}
	return out
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return (d[(len(d)-1)/2] + d[len(d)/2]) / 2
}

func ratio(a, base []time.Duration) float64 {
	var r []float64
	for i := range a {
		r = append(r, float64(a[i])/float64(max(base[i], 1)))
	}
	slices.Sort(r)
	return (r[(len(r)-1)/2] + r[len(r)/2]) / 2
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
