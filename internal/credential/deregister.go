package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// Deregister makes the server forget the client, where that is wanted and possible, and leaves a tombstone. What a person has
// to do is a notice; an error can be repeated.
func (m *Manager) Deregister(ctx context.Context, name, attachment string, call bool) ([]Notice, error) {
	key := RegistrationKey(name)
	notices := m.prepare(ctx)
	err := m.alone(ctx, key,
		func(r Record) error {
			err := Wish{Attachment: attachment}.owns(r)
			if err != nil && !r.IsMoved() {
				return errGone // somebody else's, if it is anybody's
			}
			return err
		},
		func(snap snapshot) error {
			notice, err := m.deregister(ctx, key, snap, call)
			if err == nil && notice.Code != "" {
				notices = append(notices, notice)
			}
			return err
		},
		func(err error) bool { return IsKind(err, KindNotSent) || IsKind(err, KindUnknown) },
	)
	if IsKind(err, KindNotFound) || errors.Is(err, errGone) {
		return notices, nil
	}
	return notices, err
}

func (m *Manager) deregister(ctx context.Context, key string, snap snapshot, call bool) (notice Notice, err error) {
	notice = Notice{Managing: true}
	d := snap.record.Registered.dynamic()
	wanted := call && snap.record.Client.ClientID != ""
	if wanted {
		if _, err := m.nothingLeftBehind(ctx, key); err != nil {
			return notice, err
		}
		if err := m.checkAddress(snap.record); err != nil {
			return notice, err
		}
	}
	c, err := m.claim(ctx, key, snap, Attempt{Purpose: PurposeDelete}, extra{})
	if err != nil {
		return notice, err
	}
	defer c.close()
	verdict := "forgotten"
	switch {
	case wanted && !d.IsManageable():
		notice.Code, notice.Err = NoticeNotManaged, ErrNotManageable
	case wanted:
		if notice, err = m.sendDelete(ctx, c, snap.record); err != nil {
			return notice, err
		}
		verdict = "deregistered"
	}
	return notice, m.bury(ctx, c, verdict)
}

// sendDelete makes the call. The notice says what a person has to do where the server does not do it.
func (m *Manager) sendDelete(ctx context.Context, c *claimed, r Record) (Notice, error) {
	d, notice := r.Registered.Dynamic, Notice{Managing: true}
	request := oauth.DeleteRegistrationRequest(d.URI, d.Token)
	request.Auth = r.Client.shown(d.URI)
	v := oauth.JudgeDeregistration(m.send(ctx, c, request, &booking{}, time.Time{}), append(request.Hidden(), r.Client.ClientSecret)...)
	m.log.Info("deregistration answered", "key", c.attempt.Key, "class", string(v.Class), "status", v.Status)
	lost := r.Unknown != nil || d.Refused != nil && d.Refused.Lost
	switch {
	case v.Class == oauth.Success:
		return notice, nil
	case v.Class == oauth.NotSent:
		m.withdraw(ctx, c, "delete not sent")
		return notice, notSentError(ctx, v, r)
	case v.Class == oauth.OutcomeUnknown, v.Class == oauth.RateLimited, deniesManagement(v) && lost:
		return notice, m.managingRefused(ctx, c, v)
	case deniesManagement(v):
		notice.Code, notice.Err = NoticeGone, fmt.Errorf("the server said %s", v.Words())
	default:
		notice.Code, notice.Err = NoticeNotManaged, fmt.Errorf("the server said %s", v.Words())
	}
	return notice, nil
}
