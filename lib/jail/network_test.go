package jail_test

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// TestNetwork: a loopback of its own, and nothing else.
func TestNetwork(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		port := l.Addr().(*net.TCPAddr).Port
		host := fmt.Sprintf("host_port=%d", port)
		name := fmt.Sprintf("st-jail-test-%d", os.Getpid())
		a, err := net.Listen("unix", "@"+name)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		path := j.dir + "/s"
		s, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
		both := []want{
			{"raw4", "EPERM"},
			{"raw6", "EPERM"},
			{"packet", "EAFNOSUPPORT"},
			{"vsock", "EAFNOSUPPORT"},
			{"alg", "EAFNOSUPPORT"},
			{"family_high", "EAFNOSUPPORT"},
			{"tipc_pair", "EAFNOSUPPORT"},
			{"mptcp", "EPROTONOSUPPORT"},
			{"sctp", "EPROTONOSUPPORT"},
			{"netlink_route", "OK"},
			{"netlink_audit", "EPROTONOSUPPORT"},
			{"loopback", "OK"},
			{"unix=" + path, "ENOENT"},
		}
		j.check(t, nil, append([]want{
			{"tcp4", "ENETUNREACH"},
			{"tcp6", "ENETUNREACH|EADDRNOTAVAIL"},
			{"udp4", "ENETUNREACH"},
			{host, "ECONNREFUSED|EINPROGRESS"}, // a port of the jail's own loopback, which nobody serves
			{"abstract=" + name, "ECONNREFUSED|EPERM"},
		}, both...))
		// the host's network: abstract sockets stay closed, by Landlock
		j.check(t, []string{"--allow-net"}, append([]want{
			{host, "EINPROGRESS|OK"},
			{"abstract=" + name, "EPERM"},
		}, both...))
		// the port was not reached without the network: only the last jail's connection is there
		conns := 0
		l.(*net.TCPListener).SetDeadline(deadline())
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			c.Close()
			conns++
		}
		if conns != 1 {
			t.Errorf("%d connections reached the host's port, expected the one of --allow-net", conns)
		}
	})
}
