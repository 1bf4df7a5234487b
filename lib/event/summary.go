package event

import "strings"

// other takes the keys that each tool chooses, in their order: every number is a count, every object
// of numbers a table, every array of strings a list. Other forms are a newer producer's and ignored.
func (r *Summary) other(key string, raw []byte) error {
	switch raw[0] {
	case '{':
		rows, _ := members(raw)
		t := Table{Key: key, Rows: make([]Count, 0, len(rows))}
		for _, row := range rows {
			n, ok := parse(row.raw, parseInt64)
			if !ok {
				return nil
			}
			t.Rows = append(t.Rows, Count{row.key, n})
		}
		r.Tables = append(r.Tables, t)
	case '[':
		items, ok := texts(raw)
		if ok && !r.restoreList(key, items) {
			r.Lists = append(r.Lists, List{key, items})
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if n, ok := parse(raw, parseInt64); ok {
			r.Counts = append(r.Counts, Count{key, n})
		}
	}
	return nil
}

// restoreList takes the _b64 sibling of an earlier list: it reports whether items was one.
func (r *Summary) restoreList(key string, items []string) bool {
	base, ok := strings.CutSuffix(key, b64Suffix)
	if !ok {
		return false
	}
	for i := range r.Lists {
		if r.Lists[i].Key == base {
			if exact, ok := restoreList(r.Lists[i].Items, items); ok {
				r.Lists[i].Items = exact
				return true
			}
		}
	}
	return false
}
