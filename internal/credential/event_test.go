package credential

import "testing"

// TestEventsAreRecalledOnce: a line of history that two records hold stands there once, with what a later version has added to it too.
func TestEventsAreRecalledOnce(t *testing.T) {
	t.Parallel()
	const line = `{"format":1,"kind":"pair","family":"f","generation":1,"status":"active","client":{},"tokens":{},` +
		`"history":[{"at":"2026-11-01T10:00:00Z","host":"h","verdict":"adopted","later":true}]}`
	var both [2]Record
	for i := range both {
		var err error
		if both[i], err = DecodeRecord([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	both[0].recall(both[1])
	if got := both[0].History; len(got) != 1 || got[0].Rest == nil {
		t.Errorf("%d lines: %+v", len(got), got)
	}
}
