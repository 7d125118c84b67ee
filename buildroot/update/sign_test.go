//go:build vm

package update

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// An authority vouches for who may sign updates. Its key is thrown away with the folder that it is in.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority writes the certificate that a box trusts to dir/ca.pem.
func newAuthority(dir string) (*authority, error) {
	a := &authority{dir: dir}
	template := x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	var err error
	a.cert, a.key, err = a.issue("ca", template)
	return a, err
}

// signer writes a certificate for a usage and its key to dir: signer.pem and signer.key.
func (a *authority) signer(usage x509.ExtKeyUsage) error {
	_, _, err := a.issue("signer", x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage}})
	return err
}

func (a *authority) issue(name string, template x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: name + " of " + filepath.Base(a.dir)}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(10, 0, 0)
	parent, parentKey := a.cert, a.key
	if parent == nil {
		parent, parentKey = &template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, errors.Join(err,
		os.WriteFile(filepath.Join(a.dir, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644),
		os.WriteFile(filepath.Join(a.dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

// bundle has bundle.sh make an update, signed by the signer: dir/submix-VERSION.raucb.
func (a *authority) bundle(board, version, boot, root string) (string, error) {
	out := filepath.Join(a.dir, "submix-"+version+".raucb")
	said, err := exec.Command("../board/common/bundle.sh", board, version, boot, root,
		filepath.Join(a.dir, "signer.pem"), filepath.Join(a.dir, "signer.key"), out).CombinedOutput()
	if err != nil {
		return "", errors.New(string(said))
	}
	return out, nil
}
