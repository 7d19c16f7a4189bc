package grouping

import "testing"

func TestParameterize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		// The table of the protocol.
		"Order 4711 not found for bob@x.org":                             "Order <int> not found for <email>",
		"dial tcp 10.0.0.5:5432: connect: refused":                       "dial tcp <ip>:<int>: connect: refused",
		"timeout after 350ms (req 7c1811ed-e98f-4c9c-a9f9-58c757ff494f)": "timeout after <duration> (req <uuid>)",
		"bad pointer 0x7ffee4c0 in Fee::add()":                           "bad pointer <hex> in Fee::add()",
		"key='abc def' retry=true n=-3":                                  "key=<quoted_str> retry=<bool> n=<int>",
		"2026-02-01 10:11:12 disk /dev/sda1 full":                        "<date> disk /dev/sda1 full",
		// Hosts, addresses, URLs.
		"no answer from db-1.eu-west.example.com:5432":                 "no answer from <hostname>:<int>",
		"GET https://shop.example/a/b?x=1, then stop":                  "GET <url>, then stop",
		`Get "http://10.1.2.3:80/x": EOF`:                              `Get "<url>": EOF`,
		"mongodb+srv://u:p@h/db down":                                  "<url> down",
		"mailto user=bob.smith+tag@mail.example.co.uk!":                "mailto user=<email>!",
		"peer fe80::1%eth0 and ::1 and 2001:db8::8a2e:370:7334 gone":   "peer <ip> and <ip> and <ip> gone",
		"listen [::1]:8080":                                            "listen [<ip>]:<int>",
		"::ffff:10.0.0.1 refused":                                      "<ip> refused",
		"std::vector::at and a::b and Foo::Bar::add9":                  "std::vector::at and a::b and Foo::Bar::add9",
		"mac 00:1A:2b:3c:4d:5e lost":                                   "mac <mac> lost",
		"mac aa-bb-cc-dd-ee-ff lost":                                   "mac <mac> lost",
		"System.Net.Http failed, see main.rs, a.py, user.name, obj.id": "System.Net.Http failed, see main.rs, a.py, user.name, obj.id",
		"WWW.EXAMPLE.COM and www.something.museum":                     "<hostname> and <hostname>",
		"com.foo.Bar@1f2e3d4c and lodash@4.17.21":                      "com.foo.Bar@<hex> and lodash@<float>.<int>",
		"256.1.1.1 and 1.2.3.4.5":                                      "<float>.<float> and <float>.<float>.<int>",
		// Identifiers.
		"trace 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 x": "trace <traceparent> x",
		"Root=1-67891233-abcdef012345678912345678":                        "Root=<traceparent>",
		"sha da39a3ee5e6b4b0d3255bfef95601890afd80709 x":                  "sha <sha1> x",
		"md5 d41d8cd98f00b204e9800998ecf8427e x":                          "md5 <md5> x",
		"txn tx0123456789abcdef01234-0123456789-region1 failed":           "txn <swift_txn_id> failed",
		"commit 1a2b3c4 and 1a2b3c and 1a2b and 1a2":                      "commit <git_sha> and <hex> and <hex> and 1a2",
		"DEADBEEF01 deadbeef01 dEADbeef01 defaced facade":                 "<hex> <hex> dEADbeef01 defaced facade",
		"id 12345678 and 1234567":                                         "id <hex> and <int>",
		"charge pay_1MqLiJLkdIwHu7ix failed for cus_NffrFeUfNV2Hib":       "charge pay_<random_id> failed for cus_<random_id>",
		"key sk_live_4eC39HqLyjWDarjtT1zdp7dc":                            "key sk_live_<random_id>",
		"ulid 01ARZ3NDEKTSV4RRFFQ69G5FAV":                                 "ulid <random_id>",
		"HttpClient4Handler2 OAuth2Provider2Config java8Compatibility":    "HttpClient4Handler2 OAuth2Provider2Config java8Compatibility",
		"pod web-7d4b9c6f5d-x2x9z":                                        "pod web-<hex>-x2x9z",
		// Numbers.
		"took 1.5 of -2.25 and 3e10 or 1.5e-7":                           "took <float> of <float> and <hex> or <float>",
		"1,234,567 rows of 12,5":                                         "<int> rows of <int>,<int>",
		"read 12KB of 3.5 MiB, 1024bytes":                                "read <size> of <float> MiB, <size>",
		"wait 5s 1h2m3.5s 250µs 10ns":                                    "wait <duration> <duration> <duration> <duration>",
		"worker-3 #42 [7] (8) user_4711":                                 "worker-<int> #<int> [<int>] (<int>) user_4711",
		"utf-8 UTF-16 sha256 ipv4 log4j Base64 HTTP2 ISO-8859-1 sha-256": "utf-8 UTF-16 sha256 ipv4 log4j Base64 HTTP2 ISO-8859-1 sha-256",
		"订单4711不存在":                                                      "订单<int>不存在",
		"a-1 b -1 c--1":                                                  "a-<int> b <int> c-<int>",
		// Dates.
		"at 2026-02-01T10:11:12.123456Z end":                               "at <date> end",
		"at 2026-02-01T10:11:12+01:00 end":                                 "at <date> end",
		"at 2026-02-01 10:11 UTC end":                                      "at <date> end",
		"at 20260201T101112Z end":                                          "at <date> end",
		"at 2026/02/01 end":                                                "at <date> end",
		"at Mon, 02 Jan 2006 15:04:05 -0700 end":                           "at <date> end",
		"at Monday, 02-Jan-06 15:04:05 MST end":                            "at <date> end",
		"at Mon Jan  2 15:04:05 2006 end":                                  "at <date> end",
		"at Mon Jan 02 15:04:05 -0700 2006 end":                            "at <date> end",
		"at Sun Feb 01 2026 10:11:12 GMT+0100 (Central European Time) end": "at <date> end",
		"on Jan 02, 1999 end":                                              "on <date> end",
		"at Jan  2 15:04:05 host":                                          "at <date> host",
		"[02/Jan/2006:15:04:05 +0000] GET":                                 "[<date>] GET",
		"on 31.12.2025, 23:59 Uhr":                                         "on <date> Uhr",
		"at 10:11 or 9:05 am or 10:11:12.5":                                "at <date> or <date> or <date>",
		"line 10:25, main.go:10:25: x":                                     "line <int>:<int>, main.go:<int>:<int>: x",
		"May 5 people":                                                     "May <int> people",
		"x=datetime.datetime(2026, 2, 1, 10, 11) y":                        "x=<date> y",
		"x datetime.datetime(2026, 2, 1, tzinfo=datetime.timezone.utc)":    "x <date>",
		// Values after an equals sign.
		`a="x y" b='' c=false d=falsey e='open`: `a=<quoted_str> b='' c=<bool> d=falsey e='open`,
		// Lines.
		"\n\n first \n\n second 2\n third": "first\nsecond <int>...",
		"one\r\ntwo":                       "one\ntwo",
		"Non-Error promise rejection captured with keys: code, message": "Non-Error promise rejection captured with keys:",
		"": "",
	} {
		if got := parameterize(in); got != want {
			t.Errorf("parameterize(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}
