// Verifies a log by golang.org/x/mod/sumdb alone: the checkpoint's signature, every tile, every entry, inclusion and
// consistency. It shares no line with Warden.
//
// usage: verify <vkey> <folder> <older checkpoint>
// The folder is in the layout of tlog-tiles. Prints "good <size>", or fails with a sentence.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder string

func (f folder) Height() int { return 8 }

func (f folder) path(t tlog.Tile) string {
	// x/mod writes the height of tiles into the path; tlog-tiles has it fixed.
	return filepath.Join(string(f), strings.Replace(t.Path(), "tile/8/", "tile/", 1))
}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		data, err := os.ReadFile(f.path(t))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func open(file string, verifiers note.Verifiers) tlog.Tree {
	data, err := os.ReadFile(file)
	check(err)
	n, err := note.Open(data, verifiers)
	check(err)
	lines := strings.Split(n.Text, "\n")
	if lines[0] != n.Sigs[0].Name {
		fail("the origin is not the name of the key")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree
}

func main() {
	verifier, err := note.NewVerifier(os.Args[1])
	check(err)
	verifiers := note.VerifierList(verifier)
	f := folder(os.Args[2])
	tree := open(filepath.Join(os.Args[2], "checkpoint"), verifiers)
	older := open(os.Args[3], verifiers)
	hashes := tlog.TileHashReader(tree, f)

	for first := int64(0); first < tree.N; first += 256 {
		width := tree.N - first
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: int(width)}
		data, err := os.ReadFile(strings.Replace(f.path(tile), "/tile/0/", "/tile/entries/", 1))
		check(err)
		for at := int64(0); at < width; at++ {
			length := int(binary.BigEndian.Uint16(data))
			entry := data[2 : 2+length]
			data = data[2+length:]
			index := first + at
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			check(err)
			check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)))
		}
		if len(data) != 0 {
			fail("bytes stand behind the last entry of a bundle")
		}
	}
	proof, err := tlog.ProveTree(tree.N, older.N, hashes)
	check(err)
	check(tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash))

	// Every tile as its hashes give it.
	for _, tile := range tlog.NewTiles(8, 0, tree.N) {
		want, err := tlog.ReadTileData(tile, hashes)
		check(err)
		have, err := os.ReadFile(f.path(tile))
		check(err)
		if !bytes.Equal(want, have) {
			fail("a tile is another: " + tile.Path())
		}
	}
	fmt.Printf("good %d\n", tree.N)
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(sentence string) {
	fmt.Fprintln(os.Stderr, sentence)
	os.Exit(1)
}
