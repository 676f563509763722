package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// A refresh whose reply is lost: the server has rotated, the client does not know, and tries again.
func Example() {
	server, err := sandbox.New(sandbox.Options{Clients: []sandbox.Client{{ID: "app"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	running, err := server.Start(sandbox.Listen{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer running.Close()

	pair, err := server.Issue("app")
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := server.AddFault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After}); err != nil {
		fmt.Println(err)
		return
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {pair.RefreshToken}, "client_id": {"app"}}
	for range 2 {
		request, err := http.NewRequestWithContext(context.Background(), "POST", running.BaseURL+"/token", strings.NewReader(form.Encode()))
		if err != nil {
			fmt.Println(err)
			return
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println("no reply")
			continue
		}
		fmt.Println(response.Status)
		_ = response.Body.Close()
	}
	for _, e := range server.Log() {
		fmt.Printf("status %d, fault %q, reason %q\n", e.Status, e.Fault, e.Reason)
	}
	fmt.Println("reuse:", server.Counters().ReuseDetected)
	// Output:
	// no reply
	// 400 Bad Request
	// status 0, fault "after:drop", reason ""
	// status 400, fault "", reason "refresh_reused"
	// reuse: 1
}
