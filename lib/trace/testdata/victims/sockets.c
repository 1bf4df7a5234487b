// Addresses of every family that is decoded.
#include "expect.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/un.h>

int main(void) {
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(9)};
	inet_pton(AF_INET, "127.0.0.1", &in.sin_addr);
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	inet_pton(AF_INET6, "::1", &in6.sin6_addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd >= 0, "socket");
	expect("{\"syscall\":\"socket\",\"category\":\"network\",\"args\":{\"domain\":\"AF_INET\",\"type\":[\"SOCK_DGRAM\",\"SOCK_CLOEXEC\"],\"protocol\":\"IPPROTO_IP\"}}");
	must(connect(fd, (void *)&in, sizeof in) == 0, "connect");
	expect("{\"syscall\":\"connect\",\"addr\":\"127.0.0.1\",\"port\":9,\"family\":\"inet\",\"success\":true}");
	sendto(fd, "x", 1, 0, (void *)&in, sizeof in);
	expect("{\"syscall\":\"sendto\",\"addr\":\"127.0.0.1\",\"port\":9}");
	struct iovec iov = {"x", 1};
	struct msghdr msg = {.msg_name = &in, .msg_namelen = sizeof in, .msg_iov = &iov, .msg_iovlen = 1};
	sendmsg(fd, &msg, 0);
	expect("{\"syscall\":\"sendmsg\",\"addr\":\"127.0.0.1\",\"port\":9}");
	send(fd, "x", 1, 0); // no address: no record

	int fd6 = socket(AF_INET6, SOCK_DGRAM, 0);
	if (fd6 >= 0) {
		connect(fd6, (void *)&in6, sizeof in6);
		expect("{\"syscall\":\"connect\",\"addr\":\"::1\",\"port\":9,\"family\":\"inet6\"}");
	}
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "sock"};
	int u = socket(AF_UNIX, SOCK_STREAM, 0);
	must(bind(u, (void *)&un, sizeof un) == 0 && listen(u, 1) == 0, "bind");
	expect("{\"syscall\":\"bind\",\"family\":\"unix\",\"path\":\"%s/sock\",\"success\":true}", cwd);
	int c = socket(AF_UNIX, SOCK_STREAM, 0);
	must(connect(c, (void *)&un, sizeof un) == 0, "connect");
	expect("{\"syscall\":\"connect\",\"family\":\"unix\",\"path\":\"%s/sock\",\"addr\":\"sock\"}", cwd);
	must(accept(u, NULL, NULL) >= 0, "accept");
	expect("{\"syscall\":\"accept\",\"success\":true}");
	struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0hidden"};
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&abstract, sizeof(sa_family_t) + 7);
	expect("{\"syscall\":\"connect\",\"family\":\"unix\",\"addr\":\"@hidden\",\"errno\":\"ECONNREFUSED\"}");
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK};
	bind(socket(AF_NETLINK, SOCK_RAW, 0), (void *)&nl, sizeof nl);
	expect("{\"syscall\":\"bind\",\"family\":\"netlink\",\"addr\":\"0\"}");
	connect(fd, (void *)0xdead0000, 16);
	expect("{\"syscall\":\"connect\",\"errno\":\"EFAULT\"}");
	return 0;
}
