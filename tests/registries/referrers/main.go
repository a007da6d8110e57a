// A registry with the referrers API, for tests: the one of go-containerregistry, whose own program does not switch that
// API on. It listens on the address given and prints one line for each request.
package main

import (
	"log"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: referrers-registry HOST:PORT")
	}
	handler := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(os.Stdout, "", 0)))
	server := &http.Server{Addr: os.Args[1], Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
