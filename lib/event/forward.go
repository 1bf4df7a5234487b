package event

// Forward writes a record of another run as it stands, between the records of this one, on a line of
// its own. line must be one that Scanner has read.
func (w *Writer) Forward(line []byte) error {
	for _, c := range line {
		if c < 0x20 || c >= 0x7f {
			line = Embed(line)
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.buf = append(append(w.buf, line...), '\n')
	if len(w.buf) >= flushSize {
		return w.flush()
	}
	if w.idle > 0 && !w.armed {
		w.arm()
	}
	return nil
}
