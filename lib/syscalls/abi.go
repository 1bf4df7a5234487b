package syscalls

// ABI is a system call convention that a traced program can use.
type ABI uint8

// The ABIs, in the order of the generated table.
const (
	AMD64 ABI = iota
	ARM64
	I386
	ARM
	X32
	abiCount
)

// x32Bit marks x32 numbers, which share amd64's audit architecture
// (__X32_SYSCALL_BIT, arch/x86/include/uapi/asm/unistd.h).
const x32Bit = 0x40000000

type abiRow struct {
	name  string
	audit uint32 // AUDIT_ARCH_*, include/uapi/linux/audit.h
	word  int    // bytes of a pointer in memory
	arch  int    // column of the generated flag tables
}

var abis = [abiCount]abiRow{
	AMD64: {"x86_64", 0xc000003e, 8, 0},
	ARM64: {"aarch64", 0xc00000b7, 8, 1},
	I386:  {"i386", 0x40000003, 4, 2},
	ARM:   {"arm", 0x40000028, 4, 3},
	X32:   {"x32", 0xc000003e, 4, 0},
}

func (a ABI) String() string { return abis[a].name }

// Word is the size in bytes of a pointer in the program's memory.
func (a ABI) Word() int { return abis[a].word }

// Audit is the AUDIT_ARCH_* value of the ABI.
func (a ABI) Audit() uint32 { return abis[a].audit }

// Native is the ABI of a program that runs on GOARCH, which must be amd64 or arm64.
func Native(goarch string) ABI {
	if goarch == "arm64" {
		return ARM64
	}
	return AMD64
}

type numberRow struct {
	name string
	nr   [5]int16
}

// byNumber holds the rows of each ABI, indexed by number.
var byNumber [abiCount][]*Call

// nrOf holds the numbers of each ABI.
var nrOf [abiCount]map[string]int

func buildNumbers() {
	for a := range byNumber {
		nrOf[a] = map[string]int{}
		for _, row := range numbers {
			nr := int(row.nr[a])
			if nr < 0 {
				continue
			}
			for len(byNumber[a]) <= nr {
				byNumber[a] = append(byNumber[a], nil)
			}
			byNumber[a][nr] = byName[row.name]
			nrOf[a][row.name] = nr
		}
	}
}

// Lookup finds the call that number nr is under the audit architecture that the kernel reports for
// it, and the ABI. The call is nil for a number that no table knows.
func Lookup(audit uint32, nr uint64) (*Call, ABI, bool) {
	for a := range abis {
		if abis[a].audit != audit {
			continue
		}
		abi := ABI(a)
		if abi == AMD64 && nr&^(x32Bit-1) == x32Bit {
			abi, nr = X32, nr&^x32Bit
		}
		if nr >= uint64(len(byNumber[abi])) {
			return nil, abi, true
		}
		return byNumber[abi][nr], abi, true
	}
	return nil, 0, false
}

// Number is the number of a call under an ABI, without x32's bit.
func Number(abi ABI, name string) (int, bool) {
	nr, ok := nrOf[abi][name]
	return nr, ok
}
