package main

import (
	"errors"
	"fmt"
	"time"
)

// slowAfter is how long a driver may take to open or close a device before it is called slow. USB cards may take a second.
const slowAfter = 2 * time.Second

// errSlow: a call into a driver has not come back.
var errSlow = errors.New("the device has not answered")

func slowFor(d time.Duration) error { return fmt.Errorf("%w for %.0f s", errSlow, d.Seconds()) }

// outcome is what a call has returned.
type outcome[T any] struct {
	value T
	err   error
}

// begin calls f, which may not come back for long, in a goroutine of its own.
func begin[T any](f func() (T, error)) <-chan outcome[T] {
	c := make(chan outcome[T], 1)
	go func() {
		value, err := f()
		c <- outcome[T]{value, err}
	}()
	return c
}

// await returns what the call returns, or errSlow when slowAfter is over. What is then returned too late is given to drop,
// unless that is nil.
func await[T any](c <-chan outcome[T], drop func(T)) (T, error) {
	timer := time.NewTimer(slowAfter)
	defer timer.Stop()
	select {
	case o := <-c:
		return o.value, o.err
	case <-timer.C:
	}
	if drop != nil {
		go func() {
			if o := <-c; o.err == nil {
				drop(o.value)
			}
		}()
	}
	var none T
	return none, slowFor(slowAfter)
}

// closeSoon closes a device, or leaves that to its driver if it does not answer.
func closeSoon(d device) error {
	_, err := await(begin(func() (struct{}, error) { return struct{}{}, d.Close() }), nil)
	return err
}
