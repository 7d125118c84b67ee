package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"submix/cmd/submixd/config"
	"submix/control"
)

// configuration looks whether the file can be started with.
func configuration(b *Box) (all []Finding) {
	const topic = "configuration"
	var mistakes config.Problems
	switch {
	case errors.Is(b.ConfigErr, fs.ErrNotExist):
		return []Finding{bad(topic, "submixd -init -config "+b.Path+" writes one for this machine", "%s is not there", b.Path)}
	case errors.As(b.ConfigErr, &mistakes):
		for _, m := range mistakes {
			all = append(all, bad(topic, "mend that line; submixd -check looks again", "%v", m))
		}
		return all
	case b.ConfigErr != nil:
		return []Finding{bad(topic, "let its owner and mode allow it to be read", "%v", b.ConfigErr)}
	}
	return []Finding{ok(topic, "%s has no mistakes", b.Path)}
}

// daemon asks the daemon how it is.
func daemon(b *Box) []Finding {
	const topic = "daemon"
	if b.daemon == nil {
		what := "submixd does not run"
		if b.served() {
			what += ", and what its unit lets it do is not looked at"
		}
		return []Finding{warn(topic, "systemctl start submixd; journalctl -u submixd has why it may have ended", "%s", what)}
	}
	reply, err := b.Ask(b.Socket, "status")
	if err != nil {
		return []Finding{warn(topic, "give the group submix to this user, or submixctl the -socket of another configuration",
			"submixd runs (pid %s) and does not answer: %v", b.daemon.pid, err)}
	}
	data, err := control.ParseData(reply.Data)
	if err != nil || reply.Err != nil || len(data) == 0 {
		return []Finding{warn(topic, "start it again, if it is of another version than this program", "what submixd says is not understood: %v %v", err, reply.Err)}
	}
	status := data[0]
	var all []Finding
	if why, found := status["reason"]; found {
		all = append(all, bad(topic, "submixctl devices lists the cards that are there", "the mix is %v: %v", status["state"], why))
	} else {
		all = append(all, ok(topic, "the mix is %v, and takes %v %% of its time", status["state"], status["load"]))
	}
	if n, _ := status["xruns"].(float64); n > 0 {
		all = append(all, warn(topic, "heed what is said of real time and USB; more periods, or a larger block, help as well", "the output has had %v xruns", n))
	}
	if why, found := status["crash"]; found {
		all = append(all, warn(topic, "submixctl status has the last entries of its log", "a run did not end in order: %v", why))
	}
	return all
}

// user looks whether who asks may work the box.
func user(b *Box) []Finding {
	const topic = "user"
	gid := b.group("submix")
	switch {
	case b.self.uid == 0:
		return []Finding{ok(topic, "root may do everything")}
	case gid == "":
		return []Finding{warn(topic, "as root: groupadd -r submix", "there is no group submix, so that only root may use the control socket")}
	case !b.self.in(gid):
		return []Finding{warn(topic, "as root: usermod -aG submix USER; then log in anew",
			"user %d is not in the group submix, whose members may use the control socket", b.self.uid)}
	}
	return []Finding{ok(topic, "user %d is in the group submix and may use the control socket", b.self.uid)}
}

// rights looks whether the daemon may open what it is to use.
func rights(b *Box) (all []Finding) {
	const topic = "rights"
	if b.served() {
		return nil
	}
	p, who := b.worker()
	if p.uid == 0 {
		return []Finding{ok(topic, "%s is root and may open every device", who)}
	}
	needs := map[string]string{"audio": "sound cards"}
	if b.usesGPIO() {
		needs["gpio"] = "GPIO chips"
	}
	if b.Config != nil && b.Config.Serial.Port != "" {
		needs["dialout"] = "serial ports"
	}
	var has []string
	for _, name := range []string{"audio", "gpio", "dialout"} {
		switch gid := b.group(name); {
		case gid != "" && p.in(gid):
			has = append(has, name)
		case needs[name] != "":
			all = append(all, b.refused(topic, fmt.Sprintf("SupplementaryGroups=%s in the unit, or usermod -aG %s for its user", name, name),
				"%s is not in the group %s and may not open %s", who, name, needs[name]))
		}
	}
	if len(all) == 0 {
		all = append(all, ok(topic, "%s is in %s", who, strings.Join(has, ", ")))
	}
	return all
}

// mixing is the priority of the mixing thread: cmd/submixd/play.go.
const mixing = 60

// limits looks whether real time is allowed.
func limits(b *Box) (all []Finding) {
	const topic = "limits"
	if b.served() {
		return nil
	}
	p, who := b.worker()
	if n, err := strconv.Atoi(p.rtPriority); (err != nil || n < mixing) && p.rtPriority != "unlimited" && p.caps&capSysNice == 0 {
		all = append(all, b.refused(topic, fmt.Sprintf("LimitRTPRIO=%d in the unit, or rtprio in /etc/security/limits.d", mixing),
			"%s may have a real-time priority of %s at most, and needs %d", who, p.rtPriority, mixing))
	}
	if p.lockedBytes != "unlimited" && p.caps&capIPCLock == 0 {
		all = append(all, b.refused(topic, "LimitMEMLOCK=infinity in the unit, or memlock in /etc/security/limits.d",
			"%s may lock %s bytes of memory, and needs all of it locked", who, p.lockedBytes))
	}
	if len(all) == 0 {
		all = append(all, ok(topic, "%s may have real-time priority %d and lock its memory", who, mixing))
	}
	return all
}

// realTime looks whether the mixing thread has what it is allowed.
func realTime(b *Box) []Finding {
	const topic = "threads"
	if b.daemon == nil {
		return nil
	}
	const fifo = 1 // SCHED_FIFO of sched(7)
	best := 0
	for _, path := range b.glob("proc/" + b.daemon.pid + "/task/*/stat") {
		if f := b.stat(path); f[2] == fifo {
			best = max(best, f[1])
		}
	}
	if best < mixing {
		return []Finding{bad(topic, "give it the rights and limits above, then start it again", "no thread of submixd is SCHED_FIFO %d: load will be heard", mixing)}
	}
	return []Finding{ok(topic, "the mixing thread is SCHED_FIFO %d", best)}
}
