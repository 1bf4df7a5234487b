package detect

import "math"

// entropy is Shannon's, in bits a character.
func entropy(s string) float64 {
	var count [256]int
	n := 0
	for _, r := range s {
		count[byte(r)]++ // what is beyond one byte is rare in secrets and may share a place
		n++
	}
	h := 0.0
	for _, c := range count {
		if c > 0 {
			p := float64(c) / float64(n)
			h -= p * math.Log2(p)
		}
	}
	return h
}
