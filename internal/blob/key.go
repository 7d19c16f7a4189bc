package blob

import (
	"strings"

	"github.com/seismohq/seismo/fault"
)

// CheckKey returns a Validation error for what is no key.
func CheckKey(key string) error {
	if len(key) > MaxKeyBytes || key == "" {
		return fault.New(fault.Validation, "a blob's key has 1 to 512 bytes")
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment[0] == '.' {
			return fault.New(fault.Validation, "a segment of a blob's key is empty or begins with a dot")
		}
		for _, r := range segment {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-') {
				return fault.New(fault.Validation, "a blob's key has a character other than letters, digits, '.', '_' and '-'")
			}
		}
	}
	return nil
}
