package rule

import (
	"bytes"
	"encoding/json"

	"sandtrace/lib/event"
)

// The process table is rebuilt from the stream. A process is known by its stream, pid and start
// time, so a pid that is used again is another process. What its records leave out it inherits: the
// package that an ancestor ran for, and the tree that it belongs to, also when the ancestor is gone.

// procKey is what identifies a process. Start is 0 for one that only its children have named.
type procKey struct {
	Stream uint64
	PID    int64
	Start  uint64
}

// node is one process.
type node struct {
	key         procKey
	parent      procKey
	id          uint64 // of all nodes, in order
	tree        *tree
	pkg         *event.Pkg // its own or inherited; nil where there is none
	exe, script string
	injected    bool // the environment makes it run other code than its own
	gone        bool // it has exited
	named       bool // only a child has named it so far
	size        int
	list        *nodeList
	prev, next  *node
}

// tree is what the processes below one root have in common.
type tree struct {
	id   uint64
	cwd  string // of the first process that said where it runs
	into *tree  // where it turned out to be part of another
}

// find is the tree that t has become part of.
func (t *tree) find() *tree {
	for t.into != nil {
		if t.into.into != nil {
			t.into = t.into.into
		}
		t = t.into
	}
	return t
}

// nodeList holds nodes, the one used last in front.
type nodeList struct{ front, back *node }

func (l *nodeList) push(n *node) {
	n.list, n.prev, n.next = l, nil, l.front
	if l.front != nil {
		l.front.prev = n
	} else {
		l.back = n
	}
	l.front = n
}

func (l *nodeList) drop(n *node) {
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		l.front = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		l.back = n.prev
	}
	n.list, n.prev, n.next = nil, nil, nil
}

// touch marks a node as used last.
func (l *nodeList) touch(n *node) {
	if l.front != n {
		l.drop(n)
		l.push(n)
	}
}

type table struct {
	nodes      map[procKey]*node
	latest     map[procKey]uint64 // by a key without start: the start of the latest process
	live, gone nodeList
	last       *node
	ids        uint64
	size       int  // bytes, roughly
	limit      int  // of size
	lost       int  // processes that were forgotten while they ran
	packages   bool // some node runs for a package
}

// of is the node of a process block, made where it is new. It is nil where the block has no pid.
func (t *table) of(stream uint64, p *event.ProcFacets, spawn bool) *node {
	if !p.PID.Set {
		return nil
	}
	key := procKey{stream, p.PID.Val, p.Start.Val}
	if n := t.last; n != nil && n.key == key && !spawn {
		return n
	}
	anyStart := procKey{stream, key.PID, 0}
	if key.Start == 0 && !spawn { // the producer does not know when it began
		key.Start = t.latest[anyStart]
	}
	n := t.nodes[key]
	if n == nil && key.Start != 0 {
		if n = t.nodes[anyStart]; n != nil && n.named && !n.gone { // so far a child has named it
			t.rename(n, key)
		} else {
			n = nil
		}
	}
	if n != nil && spawn && key.Start == 0 { // the pid was used before
		t.forget(n)
		n = nil
	}
	if n == nil {
		n = t.make(key)
		t.describe(n, stream, p)
	} else if n.named {
		n.named = false
		t.describe(n, stream, p)
	}
	n.list.touch(n)
	t.last = n
	t.shrink()
	return n
}

// nodeSize is what a node costs beside its texts: itself and its places in the maps.
const nodeSize = 400

func (t *table) make(key procKey) *node {
	t.ids++
	n := &node{key: key, id: t.ids, size: nodeSize}
	t.nodes[key] = n
	t.latest[procKey{key.Stream, key.PID, 0}] = key.Start
	t.live.push(n)
	t.size += n.size
	return n
}

func (t *table) rename(n *node, key procKey) {
	delete(t.nodes, n.key)
	n.key = key
	t.nodes[key] = n
	t.latest[procKey{key.Stream, key.PID, 0}] = key.Start
}

// describe gives a new node its place in the tree.
func (t *table) describe(n *node, stream uint64, p *event.ProcFacets) {
	t.update(n, p)
	var parent *node
	if p.PPID.Set && p.PPID.Val > 1 && p.PPID.Val != n.key.PID && !isRoot(p.Lineage) {
		key := procKey{stream, p.PPID.Val, 0}
		key.Start = t.latest[key]
		if parent = t.nodes[key]; parent == nil {
			parent = t.make(key)
			parent.named = true
			if parent.tree = n.tree; parent.tree == nil {
				parent.tree = &tree{id: parent.id}
			}
		}
		n.parent = parent.key
	}
	switch {
	case parent == nil && n.tree == nil:
		n.tree = &tree{id: n.id}
	case parent != nil && n.tree == nil:
		n.tree = parent.tree
	case parent != nil: // its children came first
		if from, to := n.tree.find(), parent.tree.find(); from != to {
			from.into = to
		}
	}
	if parent != nil && n.pkg == nil {
		n.pkg = parent.pkg
	}
	if top := n.tree.find(); top.cwd == "" && len(p.CWD) > 0 && len(p.CWD) <= maxPath {
		top.cwd = string(p.CWD)
	}
}

// isRoot reports whether a lineage has no more than the process itself.
func isRoot(lineage []byte) bool {
	if bytes.IndexByte(lineage, '\\') < 0 { // as nearly always: every quote begins or ends a name
		return bytes.Count(lineage, []byte{'"'}) == 2
	}
	var names []json.RawMessage
	return lineage != nil && json.Unmarshal(lineage, &names) == nil && len(names) == 1
}

// update takes what a block says of the process now.
func (t *table) update(n *node, p *event.ProcFacets) {
	t.size -= n.size
	n.exe, n.script, n.injected = cut(p.Exe), cut(p.Script), len(p.Injects) > 0
	if len(p.Manager)+len(p.Package)+len(p.Stage) > 0 {
		n.pkg = &event.Pkg{Manager: cut(p.Manager), Name: cut(p.Package), Version: cut(p.Version), Stage: cut(p.Stage)}
		t.packages = true
	}
	n.size = nodeSize + len(n.exe) + len(n.script)
	if n.pkg != nil {
		n.size += len(n.pkg.Name)
	}
	t.size += n.size
}

// cut bounds a text that is remembered.
func cut(b []byte) string { return string(b[:min(len(b), 4096)]) }

// exit marks a process as gone. It stays for as long as there is room, for what comes late.
func (t *table) exit(n *node) {
	if !n.gone {
		n.gone = true
		n.list.drop(n)
		t.gone.push(n)
	}
}

// shrink forgets the oldest of the processes that have exited, then the oldest that run.
func (t *table) shrink() {
	for t.size > t.limit {
		n := t.gone.back
		if n == nil {
			if n = t.live.back; n == nil || n == t.last {
				return
			}
			if !n.named {
				t.lost++
			}
		}
		t.forget(n)
	}
}

func (t *table) forget(n *node) {
	n.list.drop(n)
	delete(t.nodes, n.key)
	if k := (procKey{n.key.Stream, n.key.PID, 0}); t.latest[k] == n.key.Start {
		delete(t.latest, k)
	}
	t.size -= n.size
	if t.last == n {
		t.last = nil
	}
}
