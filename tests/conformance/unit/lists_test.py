"""Tests of list files and filters."""

import pathlib
import tempfile
import unittest

from conformance import lists

_FOLDER = pathlib.Path(__file__).resolve().parent.parent


class ParseLineTest(unittest.TestCase):

    def testNothingInCommentsAndEmptyLines(self):
        self.assertIsNone(lists.ParseLine(""))
        self.assertIsNone(lists.ParseLine("   # only words"))

    def testAllParts(self):
        entry = lists.ParseLine("pitch images/x/test_x -w 'two words' @limit=7.5 @only=1D*,2D @skip=1Dbuffer # why")
        self.assertEqual(entry, lists.Entry("pitch", "images/x/test_x", ("-w", "two words"), 7.5, ("1D*", "2D"),
                                            ("1Dbuffer",)))
        self.assertEqual(entry.command, "images/x/test_x -w 'two words'")

    def testSkipWinsOverOnly(self):
        entry = lists.ParseLine("e b @only=1D* @skip=1Dbuffer")
        self.assertTrue(entry.Selects("1Darray"))
        self.assertFalse(entry.Selects("1Dbuffer"))
        self.assertFalse(entry.Selects("2D"))

    def testMistakesAreNamedWithTheirPlace(self):
        for line, part in (("alone", "lacks its binary"), ("e b @limit=soon", "positive number"),
                           ("e b @limit=0", "positive number"), ("e b @limit", "needs a value"),
                           ("e b @when=now", "unknown option '@when'"), ("e b 'open", "quotation")):
            with self.assertRaises(lists.ListError, msg=line) as caught:
                lists.ParseLine(line, "my.txt:3")
            self.assertIn("my.txt:3", str(caught.exception))
            self.assertIn(part, str(caught.exception))


class ReadListTest(unittest.TestCase):

    def _Read(self, text):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "l.txt"
            path.write_text(text, encoding="utf-8")
            return lists.ReadList(path)

    def testSecondUseOfANameIsAnError(self):
        with self.assertRaisesRegex(lists.ListError, "l.txt:2: the name 'a' is taken"):
            self._Read("a b\na c\n")

    def testEmptyAndAbsentListsAreErrors(self):
        with self.assertRaisesRegex(lists.ListError, "names no test"):
            self._Read("# nothing\n")
        with self.assertRaisesRegex(lists.ListError, "cannot read the list"):
            lists.ReadList("/nonexistent/list.txt")

    def testListsOfTheProjectAreValidAndAgreeWhereTheyShareNames(self):
        quick = {entry.name: entry.command for entry in lists.ReadList(_FOLDER / "lists" / "quick.txt")}
        full = {entry.name: entry.command for entry in lists.ReadList(_FOLDER / "lists" / "full.txt")}
        for name in quick.keys() & full.keys():
            self.assertEqual(quick[name], full[name], "one name, two commands: stored results would be mixed up")


class FindBinaryTest(unittest.TestCase):

    def testInBuildFolderAndInstalledFlat(self):
        entry = lists.Entry("api", "api/test_api")
        for place in ("test_conformance/api/test_api", "api/test_api", "bin/Release/test_api", "Release/test_api",
                      "test_api"):
            with tempfile.TemporaryDirectory() as directory:
                path = pathlib.Path(directory) / place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
                self.assertEqual(lists.FindBinary(directory, entry), path.resolve())

    def testAbsent(self):
        with tempfile.TemporaryDirectory() as directory:
            self.assertIsNone(lists.FindBinary(directory, lists.Entry("api", "api/test_api")))


class FilterTest(unittest.TestCase):

    def testNoPatternChoosesAll(self):
        self.assertTrue(lists.Filter().Selects("api", "x"))
        self.assertTrue(lists.Filter().SelectsEntry("api"))

    def testEntryAndSubtestPatterns(self):
        chosen = lists.Filter(["images-*", "api/get_*"])
        self.assertTrue(chosen.Selects("images-copy", "1D"))
        self.assertTrue(chosen.Selects("api", "get_info"))
        self.assertFalse(chosen.Selects("api", "set_info"))
        self.assertFalse(chosen.SelectsEntry("events"))


if __name__ == "__main__":
    unittest.main()
