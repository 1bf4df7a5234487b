package event

import (
	"strings"
	"testing"
)

func TestDecodeRefuses(t *testing.T) {
	head := `"v":1,"ts":"2026-11-23T07:49:00.000000001Z","seq":0,"src":"a","run":"b",`
	tests := []struct{ line, want string }{
		{``, "not JSON"},
		{"\x00", "not JSON"},
		{`{"v":1`, "not JSON: unexpected end of JSON input"},
		{`{"v":1}{"v":1}`, "not JSON"},
		{`[]`, "record: expected a JSON object"},
		{`null`, "record: expected a JSON object"},
		{`{}`, "v: expected 1"},
		{`{"v":2,"type":"match"}`, "v: expected 1"},
		{`{"v":"1","type":"match"}`, "v: expected 1"},
		{`{"V":1,"type":"match"}`, "v: expected 1"},
		{`{"v":1}`, "type: expected"},
		{`{"v":1,"type":7}`, "type: expected"},
		{`{"v":1,"type":"syscal"}`, ErrUnknownType.Error()},
		{`{` + head + `"type":"syscall","path":7}`, "path: expected a string"},
		{`{` + head + `"type":"syscall","port":65536}`, "port: expected a number from 0 to 65535"},
		{`{` + head + `"type":"syscall","success":"true"}`, "success: expected true or false"},
		{`{` + head + `"type":"syscall","resolved":0}`, "resolved: expected true or false"},
		{`{` + head + `"type":"syscall","ret":1.5}`, "ret: expected a whole number"},
		{`{` + head + `"type":"syscall","args":[]}`, "args: expected an object"},
		{`{` + head + `"type":"syscall","args":{"x":{}}}`, "args.x: expected a number, a string"},
		{`{` + head + `"type":"syscall","proc":7}`, "proc: expected an object"},
		{`{` + head + `"type":"syscall","proc":{"argv":["a",1]}}`, "proc.argv: expected an array of strings"},
		{`{` + head + `"type":"syscall","proc":{"uid":-1}}`, "proc.uid: expected a whole number from 0"},
		{`{` + head + `"type":"syscall","proc":{"pkg":{"name":1}}}`, "proc.pkg.name: expected a string"},
		{`{` + head + `"type":"match","events":{}}`, "events: expected an array"},
		{`{"v":1,"type":"lost","ts":"yesterday"}`, "ts: expected an RFC 3339 time"},
		{`{"v":1,"type":"lost","ts":"9999-01-01T00:00:00Z"}`, "ts: expected an RFC 3339 time"},
		{`{"v":1,"type":"lost","seq":-1}`, "seq: expected a whole number from 0"},
		// A sibling that disagrees with what a person sees.
		{`{` + head + `"type":"file","path":"/safe","path_b64":"L2V2aWw="}`, "path_b64: expected base64"},
		{`{` + head + `"type":"file","path":"/safe","path_b64":"!"}`, "path_b64: expected base64"},
		{`{` + head + `"type":"file","path_b64":"L2V2aWw="}`, "path_b64: expected base64"},
		{`{` + head + `"type":"start","cmd":["a","b"],"cmd_b64":["YQ=="]}`, "cmd_b64: expected base64"},
	}
	for _, tt := range tests {
		_, err := Decode([]byte(tt.line))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\n got %v\nwant %s", tt.line, err, tt.want)
		}
	}
}

func TestDecodeAccepts(t *testing.T) {
	tests := []struct {
		line string
		want func(*File) bool
	}{
		{`{"path":"/a","type":"file","v":1}`, func(f *File) bool { return f.Path == "/a" }},
		{` { "v" : 1 , "type" : "file" , "path" : "/a" , "proc" : { "pid" : 7 } } `, func(f *File) bool { return f.Path == "/a" && f.Proc.PID == 7 }},
		{`{"v":1,"type":"file","path":"/a","Path":"/b","PATH":"/c"}`, func(f *File) bool { return f.Path == "/a" }},
		{`{"v":1,"type":"file","path":"/a","path":"/b"}`, func(f *File) bool { return f.Path == "/b" }},
		{`{"v":1,"type":"file","path":null,"proc":null,"tamper":null}`, func(f *File) bool { return f.Path == "" && f.Proc == nil }},
		{`{"v":1,"type":"file","\u0070ath":"\/a\u0041"}`, func(f *File) bool { return f.Path == "/aA" }},
		{`{"v":1,"type":"file","path_b64":"/w==","path":"�"}`, func(f *File) bool { return f.Path == "\xff" }},
		{`{"v":1,"type":"file","new":{"path":"/x","a":[1,{"b":"}"}]},"path":"/a"}`, func(f *File) bool { return f.Path == "/a" }},
		{`{"v":1,"type":"file","path":"\\\"","op":"x"}`, func(f *File) bool { return f.Path == `\"` && f.Op == "x" }},
	}
	for _, tt := range tests {
		r, err := Decode([]byte(tt.line))
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
			continue
		}
		if !tt.want(r.(*File)) {
			t.Errorf("%s: %+v", tt.line, r)
		}
	}
}

// TestScanRefusesOtherVersions: a newer schema must not be misread by the fast way either.
func TestScanRefusesOtherVersions(t *testing.T) {
	var s Scanner
	for _, v := range []string{"2", "10", `"1"`, "1.0", "1e0", "{}"} {
		line := []byte(`{"v":` + v + `,"type":"file","path":"/a"}`)
		if _, err := s.Scan(line); err == nil {
			t.Errorf("scanned %s", line)
		}
		if _, err := Decode(line); err == nil {
			t.Errorf("decoded %s", line)
		}
	}
}
