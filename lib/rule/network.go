package rule

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sandtrace/lib/event"
)

// The words of network.kinds.
const (
	kindConnect = "connect" // a connection, or data sent to an address; also where it failed
	kindLookup  = "lookup"  // a name that was asked for, or the answer
	kindListen  = "listen"  // an address that others can reach
)

var networkKinds = []string{kindConnect, kindLookup, kindListen}

// kindOfCall says what a system call on a socket is.
var kindOfCall = map[string]string{
	"connect": kindConnect, "sendto": kindConnect, "sendmsg": kindConnect, "sendmmsg": kindConnect,
	"bind": kindListen, "listen": kindListen, "accept": kindListen, "accept4": kindListen,
}

// kindOfOp does so for the op of a net record.
var kindOfOp = map[string]string{"dns": kindLookup, "connect": kindConnect, "request": kindConnect, "listen": kindListen}

// hostSet holds names and patterns of names.
type hostSet struct {
	exact map[string]bool
	below []string // ".example.org"
	globs []part
}

// network is a compiled Network.
type network struct {
	kinds            []string
	hosts, notHosts  *hostSet // nil where not given
	cidr, notCIDR    []netip.Prefix
	ports, notPorts  []portRange
	sockets          []glob // where given, nothing else counts
	anyHost, anyCIDR bool   // hosts or cidr is given
}

type portRange struct{ from, to uint16 }

func compileNetwork(r *Rule, n *Network, env Env) (*network, error) {
	c := &network{anyHost: len(n.Hosts) > 0, anyCIDR: len(n.CIDR) > 0}
	for _, w := range n.Kinds {
		c.kinds = append(c.kinds, w.Text)
	}
	if len(c.kinds) == 0 {
		c.kinds = []string{kindConnect}
	}
	var err error
	if c.sockets, err = compilePaths(r, n.Sockets, env); err != nil {
		return nil, err
	}
	if c.hosts, err = compileHosts(r, n.Hosts); err != nil {
		return nil, err
	}
	if c.notHosts, err = compileHosts(r, n.NotHosts); err != nil {
		return nil, err
	}
	for _, l := range []struct {
		from []Word
		to   *[]netip.Prefix
	}{{n.CIDR, &c.cidr}, {n.NotCIDR, &c.notCIDR}} {
		for _, w := range l.from {
			p, err := parsePrefix(w.Text)
			if err != nil {
				return nil, r.errorf(w.Line, "network %q: expected an address or a range, as in 192.0.2.0/24", w.Text)
			}
			*l.to = append(*l.to, p)
		}
	}
	for _, l := range []struct {
		from []Word
		to   *[]portRange
	}{{n.Ports, &c.ports}, {n.NotPorts, &c.notPorts}} {
		for _, w := range l.from {
			a, b, isRange := strings.Cut(w.Text, "-")
			if !isRange {
				b = a
			}
			from, err := strconv.ParseUint(a, 10, 16)
			to, err2 := strconv.ParseUint(b, 10, 16)
			if err != nil || err2 != nil || from > to {
				return nil, r.errorf(w.Line, "port %q: expected a number up to 65535, or a range as in 6000-6063", w.Text)
			}
			*l.to = append(*l.to, portRange{uint16(from), uint16(to)})
		}
	}
	return c, nil
}

func compileHosts(r *Rule, words []Word) (*hostSet, error) {
	if len(words) == 0 {
		return nil, nil
	}
	h := &hostSet{exact: map[string]bool{}}
	for _, w := range words {
		name := plainHost(w.Text)
		rest, below := strings.CutPrefix(name, "*.")
		switch {
		case name == "" || strings.ContainsAny(name, "/: \t"):
			return nil, r.errorf(w.Line, "host %q: expected a name, or one that begins with *.", w.Text)
		case below && !strings.ContainsAny(rest, "*?"):
			h.below = append(h.below, "."+rest)
		case strings.ContainsAny(name, "*?[{\\"):
			p, err := parsePart(name)
			if err != nil || p.double {
				return nil, r.errorf(w.Line, "host %q: expected a name in which * stands for any characters", w.Text)
			}
			h.globs = append(h.globs, p)
		default:
			h.exact[name] = true
		}
	}
	return h, nil
}

// plainHost is a name in small letters without the dot at its end.
func plainHost(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }

func (h *hostSet) has(name string) bool {
	if h == nil || name == "" {
		return false
	}
	name = plainHost(name)
	if h.exact[name] {
		return true
	}
	for _, s := range h.below {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return slices.ContainsFunc(h.globs, func(p part) bool { return p.match([]byte(name)) })
}

func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// kindOfRecord is what a record about the network says, "" for any other.
func kindOfRecord(f *event.Facets) string {
	if len(f.Syscall) > 0 {
		return kindOfCall[string(f.Syscall)]
	}
	return kindOfOp[string(f.Op)]
}

// peer is what a record says of the network, read once a record.
type peer struct {
	asked bool
	kind  string
	addr  netip.Addr // invalid where there is none or it is no internet address
}

func (m *Matcher) network() *peer {
	if p := &m.peer; !p.asked {
		*p = peer{asked: true, kind: kindOfRecord(m.f)}
		if a, err := netip.ParseAddr(string(m.f.Addr)); err == nil {
			p.addr = a.Unmap().WithZone("")
		}
	}
	return &m.peer
}

// fits reports whether a record has what the rule asks; why is the first key that it lacks.
func (n *network) fits(m *Matcher) (ok bool, why string) {
	f, peer := m.f, m.network()
	if !slices.Contains(n.kinds, peer.kind) {
		return false, "network.kinds"
	}
	if len(n.sockets) > 0 {
		p := plainPath(f.Addr)
		return slices.ContainsFunc(n.sockets, func(g glob) bool { return g.match(p) }), "network.sockets"
	}
	addr, host := peer.addr, string(f.Host)
	switch {
	case len(f.Addr) > 0 && !addr.IsValid(): // a socket of this machine, named by a path
		return false, "network: not an internet address"
	case len(f.Addr)+len(f.Host) == 0:
		return false, "network: neither address nor host"
	case !n.port(f):
		return false, "network.ports"
	case n.anyHost && !n.hosts.has(host):
		return false, "network.hosts"
	case n.notHosts.has(host):
		return false, "network.not_hosts"
	case n.anyCIDR && !within(addr, n.cidr):
		return false, "network.cidr"
	case within(addr, n.notCIDR):
		return false, "network.not_cidr"
	}
	return true, ""
}

func (n *network) port(f *event.Facets) bool {
	in := func(list []portRange) bool {
		return slices.ContainsFunc(list, func(r portRange) bool { return f.Port.Set && r.from <= f.Port.Val && f.Port.Val <= r.to })
	}
	return (len(n.ports) == 0 || in(n.ports)) && !in(n.notPorts)
}

func within(a netip.Addr, list []netip.Prefix) bool {
	return a.IsValid() && slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}
