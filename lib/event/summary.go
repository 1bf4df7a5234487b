package event

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// fixedSummaryKeys are the keys of a summary that are no count.
var fixedSummaryKeys = func() map[string]bool {
	keys := map[string]bool{}
	for _, t := range []reflect.Type{reflect.TypeFor[Head](), reflect.TypeFor[Summary]()} {
		for i := range t.NumField() {
			key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			keys[key] = true
		}
	}
	return keys
}()

// readCounts reads the keys that each tool chooses, in their order; forms it does not know are ignored.
func (r *Summary) readCounts(b []byte) error {
	return eachKey(b, func(key string, raw json.RawMessage) error {
		if fixedSummaryKeys[key] {
			return nil
		}
		switch raw[0] {
		case '{':
			t := Table{Key: key}
			err := eachKey(raw, func(key string, raw json.RawMessage) error {
				c := Count{Key: key}
				if err := json.Unmarshal(raw, &c.N); err != nil {
					return err
				}
				t.Rows = append(t.Rows, c)
				return nil
			})
			if err != nil {
				return err
			}
			r.Tables = append(r.Tables, t)
		case '[':
			l := List{Key: key}
			if err := json.Unmarshal(raw, &l.Items); err != nil {
				return err
			}
			r.Lists = append(r.Lists, l)
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			c := Count{Key: key}
			if err := json.Unmarshal(raw, &c.N); err != nil {
				return err
			}
			r.Counts = append(r.Counts, c)
		}
		return nil
	})
}

// eachKey calls f for each key of an object, in order.
func eachKey(object []byte, f func(string, json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if err := f(k.(string), raw); err != nil {
			return err
		}
	}
	return nil
}
