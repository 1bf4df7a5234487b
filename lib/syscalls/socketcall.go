package syscalls

// socketCalls are the calls that i386's socketcall(2) stands for, by its first argument
// (include/uapi/linux/net.h). Those without a row of their own are decoded as socketcall.
var socketCalls = [...]string{
	1: "socket", 2: "bind", 3: "connect", 4: "listen", 5: "accept",
	6: "getsockname", 7: "getpeername", 8: "socketpair",
	11: "sendto", 12: "recvfrom", 13: "shutdown", 14: "setsockopt", 15: "getsockopt",
	16: "sendmsg", 17: "recvmsg", 18: "accept4", 19: "recvmmsg", 20: "sendmmsg",
}

// SocketCall is the call that socketcall(2) makes for n, or nil. Its arguments are an array of
// words in memory.
func SocketCall(n uint64) *Call {
	if n < uint64(len(socketCalls)) {
		return byName[socketCalls[n]]
	}
	return nil
}
