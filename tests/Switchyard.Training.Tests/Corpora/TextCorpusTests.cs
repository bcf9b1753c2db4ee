using System.Text;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class TextCorpusTests
{
    [Fact]
    public void A_small_file_is_one_document_named_by_the_file()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.txt", "one\n\ntwo é 😀\n");
        Document document = Assert.Single(new TextCorpus(path).Documents());
        Assert.Equal("one\n\ntwo é 😀\n", document.Text);
        Assert.Equal("a.txt", document.Domain);
    }

    [Fact]
    public void A_byte_order_mark_is_no_text()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("x", Assert.Single(new TextCorpus(folder.File("a.txt", [0xEF, 0xBB, 0xBF, (byte)'x'])).Documents()).Text);
    }

    [Fact]
    public void The_domain_of_a_folder_is_the_top_level_folder_or_the_file()
    {
        using var folder = new TemporaryFolder();
        folder.File("law/b/1.txt", "1");
        folder.File("art/2.txt", "2");
        folder.File("3.txt", "3");
        folder.File(".git/4.txt", "hidden");
        folder.File("art/.5.txt", "hidden");
        folder.File("art/empty.txt", "");
        Assert.Equal(["3.txt=3", "art=2", "law=1"], new TextCorpus(folder.Path).Documents().Select(d => $"{d.Domain}={d.Text}"));
    }

    [Fact]
    public void Links_to_folders_are_not_followed_so_a_loop_ends()
    {
        using var folder = new TemporaryFolder();
        folder.File("a/1.txt", "1");
        Directory.CreateSymbolicLink(System.IO.Path.Combine(folder.Path, "a", "loop"), folder.Path);
        File.CreateSymbolicLink(System.IO.Path.Combine(folder.Path, "a", "2.txt"), System.IO.Path.Combine(folder.Path, "a", "1.txt"));
        File.CreateSymbolicLink(System.IO.Path.Combine(folder.Path, "dead.txt"), "nowhere");
        File.CreateSymbolicLink(System.IO.Path.Combine(folder.Path, "self.txt"), "self.txt");
        Assert.Equal(["1", "1"], new TextCorpus(folder.Path).Documents().Select(d => d.Text));
    }

    [Fact]
    public void A_large_file_is_cut_at_blank_lines_and_nothing_is_lost()
    {
        using var folder = new TemporaryFolder();
        var text = new StringBuilder();
        for (int i = 0; text.Length < 300_000; i++)
        {
            text.Append("line ").Append(i).Append(" of a paragraph é😀\n").Append(i % 7 == 0 ? " \n" : "");
        }

        string path = folder.File("large.txt", text.ToString());
        Document[] documents = [.. new TextCorpus(path).Documents()];
        Assert.Equal(text.ToString(), string.Concat(documents.Select(d => d.Text)));
        Assert.All(documents[..^1], d => Assert.EndsWith("\n \n", d.Text, StringComparison.Ordinal));
        Assert.All(documents[..^1], d => Assert.InRange(d.Text.Length, 4096, 4096 + 400));
        Assert.Equal(documents.Length, documents.Select(d => d.Id).Distinct().Count());
    }

    [Fact]
    public void Without_blank_lines_it_is_cut_at_line_ends_and_without_those_anywhere_but_within_a_pair()
    {
        using var folder = new TemporaryFolder();
        string lines = string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i} no blank line here, only the next line\n"));
        Document[] atLines = [.. new TextCorpus(folder.File("lines.txt", lines)).Documents()];
        Assert.Equal(lines, string.Concat(atLines.Select(d => d.Text)));
        Assert.All(atLines[..^1], d => Assert.InRange(d.Text.Length, 8192, 8292));
        Assert.All(atLines, d => Assert.EndsWith("\n", d.Text, StringComparison.Ordinal));

        string pairs = "x" + string.Concat(Enumerable.Repeat("😀", 100_000));
        Document[] anywhere = [.. new TextCorpus(folder.File("pairs.txt", pairs)).Documents()];
        Assert.Equal(pairs, string.Concat(anywhere.Select(d => d.Text)));
        Assert.All(anywhere, d => Assert.InRange(d.Text.Length, 1, 16384));
        Assert.All(anywhere, d => Assert.False(char.IsHighSurrogate(d.Text[^1])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65_533)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(131_071)]
    public void Invalid_utf8_is_an_error_that_names_file_and_byte(int before)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("bad.txt", [.. Enumerable.Repeat((byte)'a', before), 0xE2, 0x82, (byte)'b', (byte)'c']);
        CorpusException error = Assert.Throws<CorpusException>(() => new TextCorpus(path).Documents().Count());
        Assert.Contains($"'{path}' is not valid UTF-8 at byte {before}:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_code_point_cut_off_by_the_end_is_invalid()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("bad.txt", [(byte)'a', 0xF0, 0x9F, 0x98]);
        Assert.Contains("at byte 1:", Assert.Throws<CorpusException>(() => new TextCorpus(path).Documents().Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_and_empty_corpora_are_errors()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no file or folder", Assert.Throws<CorpusException>(() => Corpus.Open(System.IO.Path.Combine(folder.Path, "absent"))).Message, StringComparison.Ordinal);
        Assert.Contains("is empty", Assert.Throws<CorpusException>(() => Corpus.Open(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("is empty", Assert.Throws<CorpusException>(() => Corpus.Open(folder.File("empty.txt", ""))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_chooses_by_what_it_is_given()
    {
        using var folder = new TemporaryFolder();
        Assert.IsType<JsonLinesCorpus>(Corpus.Open(folder.File("j/a.jsonl", "{\"text\":\"x\"}")));
        folder.File("j/b.NDJSON", "{\"text\":\"y\"}");
        Assert.IsType<JsonLinesCorpus>(Corpus.Open(System.IO.Path.Combine(folder.Path, "j")));
        Assert.IsType<TextCorpus>(Corpus.Open(folder.File("a.md", "x")));
        Assert.IsType<TextCorpus>(Corpus.Open(folder.Path));
    }
}
