package stamps

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestTheSharedVectorsOfRegions(t *testing.T) {
	text, err := os.ReadFile("../../../conformance/regions.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Vectors []struct{ Endpoint, Signing, Region string }
		Names   []struct {
			Name  string
			Valid bool
		}
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Vectors) == 0 || len(document.Names) == 0 {
		t.Fatal("there are no vectors")
	}
	for _, vector := range document.Vectors {
		if got := EndpointRegion(vector.Endpoint, vector.Signing); got != vector.Region {
			t.Errorf("%s signed for %q: %q and not %q", vector.Endpoint, vector.Signing, got, vector.Region)
		}
	}
	for _, vector := range document.Names {
		if got := IsRegion(vector.Name); got != vector.Valid {
			t.Errorf("%q: %v", vector.Name, got)
		}
		err := CheckRegion(vector.Name)
		if (err == nil) != vector.Valid {
			t.Errorf("%q: %v", vector.Name, err)
		}
		if err != nil && vector.Name != "" {
			quoted, _ := json.Marshal(vector.Name)
			for _, part := range []string{"us-east-1", "words of lowercase letters", "Set Region"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%s is told without %q: %v", quoted, part, err)
				}
			}
		}
	}
}
