package trace

import (
	"encoding/binary"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
)

// Name look-ups are read off the wire. Most of what carries them (recvfrom, read and write on a
// connected socket) is not worth a stop elsewhere, so nothing of it is in the filter: from the moment
// a process turns to a name server, all its calls are stopped (PTRACE_SYSCALL) until it has its
// answer, or for a while. A program that looks up nothing pays nothing.

const (
	dnsPatience   = 5_000_000_000 // ns that an answer is waited for
	dnsCallsMost  = 20_000        // calls that are stopped meanwhile, at the most
	dnsPacketMost = 4096          // bytes of a packet that are read: more than EDNS makes usual
	dnsTrail      = 200_000_000   // ns after an answer in which another may follow: A and AAAA
)

// dnsWatch is a process's state while its look-ups are watched.
type dnsWatch struct {
	until int64 // monotonic ns
	calls int
	last  string // the last name asked for, so that A and AAAA make one record
}

// transfer is one call that may carry a packet.
type transfer struct {
	kind transferKind
	fd   int
	iov  []remoteVec
	vec  uint64 // recvmmsg: the array
	n    uint64
}

type transferKind uint8

const (
	noTransfer transferKind = iota
	sends
	receives
)

// transferCalls are the calls that can carry a packet: how their arguments name the bytes.
var transferCalls = map[string]struct {
	kind transferKind
	form uint8
}{
	"sendto":   {sends, formBuffer},
	"write":    {sends, formBuffer},
	"writev":   {sends, formVector},
	"sendmsg":  {sends, formMessage},
	"sendmmsg": {sends, formMessages},
	"recvfrom": {receives, formBuffer},
	"read":     {receives, formBuffer},
	"readv":    {receives, formVector},
	"recvmsg":  {receives, formMessage},
	"recvmmsg": {receives, formMessages},
}

const (
	formBuffer   uint8 = iota // fd, buffer, length
	formVector                // fd, array of struct iovec, count
	formMessage               // fd, struct msghdr
	formMessages              // fd, array of struct mmsghdr, count
)

// watching reports whether all calls of a task are stopped.
func (tr *tracer) watching(t *task) bool { return t.proc.dns.until != 0 }

// lookAtServer begins or renews the watch where a call of t goes to a name server.
func (tr *tracer) lookAtServer(t *task) {
	if !tr.ptraced || t.rec.Port != event.Some[uint16](53) {
		return
	}
	w := &t.proc.dns
	if w.until == 0 {
		w.calls = 0
		tr.interruptOthers(t)
	}
	w.until = monotonic() + dnsPatience
}

// interruptOthers stops the other threads of t's process, so that their next calls are stopped too:
// which thread reads the answer is the program's affair.
func (tr *tracer) interruptOthers(t *task) {
	for _, o := range tr.tasks {
		if o.proc == t.proc && o != t {
			ptrace(unix.PTRACE_INTERRUPT, o.tid, 0, 0)
		}
	}
}

// watchedEntry serves the entry stop of any call of a watched process.
func (tr *tracer) watchedEntry(t *task) {
	w := &t.proc.dns
	if w.calls++; w.calls > dnsCallsMost || monotonic() > w.until {
		w.until = 0
		return
	}
	t.carry = transfer{}
	c, abi, ok := lookupCall(&tr.info)
	if !ok || c == nil {
		return
	}
	f, ok := transferCalls[c.Name]
	if !ok {
		return
	}
	args := tr.info.data[1:7]
	x := transfer{kind: f.kind, fd: int(int32(args[0]))}
	t.abi = abi
	switch f.form {
	case formBuffer:
		x.iov = []remoteVec{{args[1], args[2]}}
	case formVector:
		x.iov = tr.iovecs(t, args[1], args[2])
	case formMessage:
		m, _ := tr.messageAt(t, args[1])
		x.iov = m.iov
	case formMessages:
		x.vec, x.n = args[1], args[2]&0xffffffff
	}
	t.carry = x
	if f.kind == sends {
		tr.sent(t)
	} else if tr.peeked(t) {
		t.carry = transfer{}
	}
}

// peeked serves a packet that waits to be received, out of the kernel's queue and before the program
// has it: what the packet says is then what the server said. It reports whether there was one.
func (tr *tracer) peeked(t *task) bool {
	info, packet, from, ok := peek(t, t.carry.fd, dnsPacketMost)
	if !ok {
		return false
	}
	if info.bound {
		from = info.peer
	}
	if isDNS(&from) {
		tr.received(t, &info, &from, packet, tr.resolvers[from.addr])
	}
	return true
}

// watchedExit serves the exit stop of a call that waited for its packet. What it received is read
// from the program's memory, which another thread may have changed: it is reported, not relied on.
func (tr *tracer) watchedExit(t *task, ret int64) {
	x := t.carry
	t.carry = transfer{}
	if x.kind != receives || ret <= 0 {
		return
	}
	info, ok := socketOf(t, x.fd)
	if !ok {
		return
	}
	if x.vec != 0 {
		for i := range min(uint64(ret), 8) {
			m, length := tr.mmsg(t, x.vec, i)
			from := &info.peer
			if !info.bound && m.hasName {
				from = &m.name
			}
			tr.received(t, &info, from, fill(t.tid, m.iov, int(min(length, dnsPacketMost))), false)
		}
		return
	}
	tr.received(t, &info, &info.peer, fill(t.tid, x.iov, int(min(ret, dnsPacketMost))), false)
}

// mmsg reads one struct mmsghdr of an array, recvmmsg(2): a message and how much of it there is.
func (tr *tracer) mmsg(t *task, vec, i uint64) (message, uint64) {
	word := uint64(t.abi.Word())
	at := vec + i*8*word // struct msghdr is seven words, then the length and padding
	m, _ := tr.messageAt(t, at)
	length, _ := tr.mem.word(t.tid, at+7*word, 4)
	return m, length
}

// sent reads the questions that a call is about to send.
func (tr *tracer) sent(t *task) {
	x := &t.carry
	info, ok := socketOf(t, x.fd)
	if !ok || info.bound && !isDNS(&info.peer) {
		return
	}
	if x.vec == 0 {
		tr.question(t, &info, fill(t.tid, x.iov, dnsPacketMost))
		return
	}
	for i := range min(x.n, 8) {
		m, _ := tr.mmsg(t, x.vec, i)
		tr.question(t, &info, fill(t.tid, m.iov, dnsPacketMost))
	}
}

// question reports the name that a packet asks for.
func (tr *tracer) question(t *task, info *socketInfo, packet []byte) {
	var p dnsmessage.Parser
	h, err := p.Start(unframe(info, packet))
	if err != nil || h.Response {
		return
	}
	q, err := p.Question()
	if err != nil {
		return
	}
	host := hostName(q.Name)
	if w := &t.proc.dns; host == "" || w.last == host {
		return
	} else {
		w.last = host
	}
	tr.emit(&event.Net{
		Head: tr.now(), Op: "dns", Host: host, Addr: info.peer.addr, Port: info.peer.port,
		Family: info.peer.family, Proto: info.proto, Proc: t.procBlock(),
	})
}

// received reports the answers in a packet. Where they are proven to come from the machine's own
// resolver they name the addresses of the connections that follow: a server of the program's choice
// could give a hostile address an innocent name.
func (tr *tracer) received(t *task, info *socketInfo, from *sockaddr, packet []byte, proven bool) {
	host, answers := parseAnswer(unframe(info, packet))
	if host == "" {
		return
	}
	if proven {
		for _, a := range answers {
			tr.hosts.add(a, host)
		}
	}
	t.proc.dns.until = min(t.proc.dns.until, monotonic()+dnsTrail)
	if len(answers) > 0 {
		tr.emit(&event.Net{
			Head: tr.now(), Op: "dns", Host: host, Answers: answers, Addr: from.addr, Port: from.port,
			Family: from.family, Proto: info.proto, Proc: t.procBlock(),
		})
	}
}

// unframe takes the length off a message that came over a stream (RFC 1035, 4.2.2).
func unframe(info *socketInfo, packet []byte) []byte {
	if info.proto == "tcp" && len(packet) > 2 && int(binary.BigEndian.Uint16(packet)) <= len(packet)-2 {
		return packet[2:]
	}
	return packet
}

// answersMost bounds the addresses that one answer may add.
const answersMost = 64

// parseAnswer reads a response: the name that was asked for and its addresses.
func parseAnswer(packet []byte) (host string, answers []string) {
	var p dnsmessage.Parser
	h, err := p.Start(packet)
	if err != nil || !h.Response {
		return "", nil
	}
	q, err := p.Question()
	if err != nil || p.SkipAllQuestions() != nil {
		return "", nil
	}
	for len(answers) < answersMost {
		h, err := p.AnswerHeader()
		if err != nil {
			break
		}
		switch h.Type {
		case dnsmessage.TypeA:
			if r, err := p.AResource(); err == nil {
				answers = append(answers, canonical(r.A[:]))
				continue
			}
		case dnsmessage.TypeAAAA:
			if r, err := p.AAAAResource(); err == nil {
				answers = append(answers, canonical(r.AAAA[:]))
				continue
			}
		}
		if p.SkipAnswer() != nil {
			break
		}
	}
	return hostName(q.Name), answers
}

// hostName is a name as people write it: without the root's dot.
func hostName(n dnsmessage.Name) string { return strings.TrimSuffix(n.String(), ".") }
