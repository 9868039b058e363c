package lastwriter

import (
	"errors"
	"io"
)

// segments is a body in pieces, read as one: so what is added to a serialised request goes between its parts, and those are
// not copied.
type segments struct {
	pieces [][]byte
	length int64
	// at is where the next read begins: a piece, an offset in it, and the offset in all.
	piece, offset int
	at            int64
}

var errSeek = errors.New("lastwriter: no such offset in a request's body")

func (s *segments) add(piece []byte) {
	if len(piece) > 0 {
		s.pieces, s.length = append(s.pieces, piece), s.length+int64(len(piece))
	}
}

func (s *segments) Read(into []byte) (int, error) {
	if s.piece == len(s.pieces) {
		return 0, io.EOF
	}
	read := 0
	for read < len(into) && s.piece < len(s.pieces) {
		copied := copy(into[read:], s.pieces[s.piece][s.offset:])
		read, s.offset = read+copied, s.offset+copied
		if s.offset == len(s.pieces[s.piece]) {
			s.piece, s.offset = s.piece+1, 0
		}
	}
	s.at += int64(read)
	return read, nil
}

// WriteTo makes no copy, where a body is hashed.
func (s *segments) WriteTo(to io.Writer) (int64, error) {
	written := int64(0)
	for s.piece < len(s.pieces) {
		count, err := to.Write(s.pieces[s.piece][s.offset:])
		s.offset += count
		s.at, written = s.at+int64(count), written+int64(count)
		if err != nil {
			return written, err
		}
		s.piece, s.offset = s.piece+1, 0
	}
	return written, nil
}

func (s *segments) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.length
	}
	if offset < 0 || offset > s.length {
		return s.at, errSeek
	}
	s.at, s.piece, s.offset = offset, 0, int(offset)
	for s.piece < len(s.pieces) && s.offset >= len(s.pieces[s.piece]) {
		s.offset -= len(s.pieces[s.piece])
		s.piece++
	}
	return s.at, nil
}
