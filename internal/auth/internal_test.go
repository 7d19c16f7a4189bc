package auth

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	h, err := newHasher(Argon{Memory: 64, Passes: 1})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := h.hash(t.Context(), "päss wörd")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("hash %q", hash)
	}
	other, _ := h.hash(t.Context(), "päss wörd")
	if other == hash {
		t.Error("two hashes of one password are equal: no salt")
	}
	for name, tc := range map[string]struct {
		password, hash string
		want           bool
	}{
		"right":              {"päss wörd", hash, true},
		"wrong":              {"pass word", hash, false},
		"no password set":    {"", "", false},
		"broken hash":        {"päss wörd", hash[:len(hash)-20], false},
		"the dummy":          {"", h.dummy, false},
		"other parameters":   {"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", true}, // vector of the reference implementation
		"gigabytes are none": {"x", strings.Replace(hash, "m=64", "m=4000000", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := h.verify(t.Context(), tc.password, tc.hash)
			if err != nil || got != tc.want {
				t.Errorf("verify = %v, %v; want %v", got, err, tc.want)
			}
		})
	}
}

func TestHasherRefusesParameters(t *testing.T) {
	t.Parallel()
	for _, a := range []Argon{{Memory: 4}, {Memory: 1 << 21}, {Passes: 101}, {Memory: 64, Threads: 65}} {
		if _, err := newHasher(a); err == nil {
			t.Errorf("%+v passes", a)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=-1,t=1,p=1$$")
	f.Add("$2b$12$abcdef")
	f.Fuzz(func(t *testing.T, s string) {
		a, salt, key, ok := parsePHC(s)
		if ok && (!a.valid() || len(salt) < 8 || len(key) < 16) {
			t.Errorf("%q gives %+v, %d, %d", s, a, len(salt), len(key))
		}
	})
}

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter(2, time.Minute)
	now := time.Unix(1_800_000_000, 0)
	for i := range 3 * maxTracked {
		l.take(strconv.Itoa(i), now)
		if len(l.free) > maxTracked {
			t.Fatalf("%d keys", len(l.free))
		}
	}
}

func TestIPKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.7":         "192.0.2.7",
		"::ffff:192.0.2.7":  "192.0.2.7",
		"2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"fe80::1%eth0":      "fe80::/64",
	} {
		if got := ipKey(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s counts for %s, want %s", in, got, want)
		}
	}
}
