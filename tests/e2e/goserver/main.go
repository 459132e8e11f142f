// SPDX-License-Identifier: Apache-2.0

// A net/http server: answers in one send, chunked by flushes, large; over TCP or a unix socket.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

const largeSize = 3*1000*1000 + 1

func plain(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	fmt.Fprint(w, "hello")
}

func chunked(w http.ResponseWriter, r *http.Request) {
	for i := 1; i <= 5; i++ {
		fmt.Fprint(w, strings.Repeat("x", 100*i+1))
		w.(http.Flusher).Flush()
	}
}

func large(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", fmt.Sprint(largeSize))
	io.WriteString(w, strings.Repeat("y", largeSize))
}

func main() {
	unix := flag.String("unix", "", "path of a unix socket, instead of TCP")
	flag.Parse()
	network, address := "tcp", "127.0.0.1:0"
	if *unix != "" {
		network, address = "unix", *unix
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "goserver:", err)
		os.Exit(1)
	}
	name := listener.Addr().String()
	if *unix != "" {
		name = "unix:" + name
	}
	fmt.Printf("goserver: listening on %s\n", name)
	http.HandleFunc("/plain", plain)
	http.HandleFunc("/chunked", chunked)
	http.HandleFunc("/large", large)
	http.Serve(listener, nil)
}
