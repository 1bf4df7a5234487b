package rule

import "sandtrace/lib/event"

// accessSet is a set of accesses, one bit each in the order of event.Accesses.
type accessSet uint16

const (
	noAccess  accessSet = 0
	anyAccess accessSet = 1<<16 - 1
)

func accessBit(a event.Access) accessSet {
	for i, v := range event.Accesses {
		if v == a {
			return 1 << i
		}
	}
	return 0
}

// sets of one access.
var (
	bitRead   = accessBit(event.AccessRead)
	bitWrite  = accessBit(event.AccessWrite)
	bitCreate = accessBit(event.AccessCreate)
	bitDelete = accessBit(event.AccessDelete)
	bitRename = accessBit(event.AccessRename)
	bitChmod  = accessBit(event.AccessChmod)
	bitExec   = accessBit(event.AccessExec)
	bitLink   = accessBit(event.AccessLink)
	bitStat   = accessBit(event.AccessStat)
)

// defaultAccess is what a rule without access_types means: looking at a file's metadata tells an
// attacker little, and programs do it all the time.
var defaultAccess = anyAccess &^ bitStat

// unknownAccess stands for an access of a later contract: only rules without access_types see it.
const unknownAccess accessSet = 1 << 15

// meaning says what an access does to the first path of a record and to the second. A file can be
// written by making it anew, and both read and written by giving it another name: a rule on one of
// these must see the others.
type meaning struct {
	word     event.Access
	path, to accessSet
}

var meanings = []meaning{
	{event.AccessRead, bitRead, noAccess},
	{event.AccessWrite, bitWrite, noAccess},
	{event.AccessCreate, bitCreate | bitWrite, noAccess},
	{event.AccessDelete, bitDelete, noAccess},
	{event.AccessRename, bitRename | bitDelete | bitRead, bitRename | bitCreate | bitWrite},
	{event.AccessChmod, bitChmod, noAccess},
	{event.AccessExec, bitExec, noAccess},
	{event.AccessLink, bitLink | bitRead, bitLink | bitCreate | bitWrite},
	{event.AccessStat, bitStat, noAccess},
}

// madeByLink is what a symbolic link does to its own path, which stands alone in its record.
var madeByLink = bitLink | bitCreate | bitWrite

// reachedByLink is what it does to the file that it leads to: whoever may not read that file under
// its name reads it under this one.
var reachedByLink = bitLink | bitRead

func meaningOf(access []byte) (path, to accessSet) {
	for i := range meanings {
		if m := &meanings[i]; string(access) == string(m.word) {
			if m.to == noAccess {
				return m.path, m.path // a second path without a meaning of its own
			}
			return m.path, m.to
		}
	}
	return unknownAccess, unknownAccess
}
