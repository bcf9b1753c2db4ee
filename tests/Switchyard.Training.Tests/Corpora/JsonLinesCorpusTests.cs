using System.Text;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class JsonLinesCorpusTests
{
    [Fact]
    public void Each_line_is_a_document_with_its_domain_or_the_files_name()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("mix.jsonl", "\uFEFF{\"text\":\"a\\nb é\",\"domain\":\"law\",\"n\":[1,{\"x\":null}]}\r\n\n  \n{\"domain\":null,\"text\":\"\\ud83d\\ude00\"}\n{\"text\":\" \"}\n{\"text\":\"last\"}");
        Document[] documents = [.. new JsonLinesCorpus(path).Documents()];
        Assert.Equal(["law=a\nb é", "mix=😀", "mix=last"], documents.Select(d => $"{d.Domain}={d.Text}"));
        Assert.Equal($"{path}:6", documents[^1].Id);
    }

    [Theory]
    [InlineData("{\"text\":\"a\"", "not valid JSON")]
    [InlineData("text", "not valid JSON")]
    [InlineData("{\"text\":\"a\"}{\"text\":\"b\"}", "not valid JSON")]
    [InlineData("{\"text\":\"a\",\"text\":\"b\"}", "not valid JSON")]
    [InlineData("{\"domain\":\"a\"}", "no field \"text\"")]
    [InlineData("{\"Text\":\"a\"}", "no field \"text\"")]
    [InlineData("[\"text\"]", "an array")]
    [InlineData("\"text\"", "a string")]
    [InlineData("null", "null")]
    [InlineData("{\"text\":1}", "\"text\" is a number")]
    [InlineData("{\"text\":null}", "\"text\" is null")]
    [InlineData("{\"text\":\"a\",\"domain\":7}", "\"domain\" is a number")]
    [InlineData("{\"text\":\"\\ud800\"}", "surrogate")]
    public void A_bad_line_is_an_error_that_names_file_and_line(string line, string reason)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("bad.jsonl", "{\"text\":\"fine\"}\n\n" + line + "\n{\"text\":\"fine\"}\n");
        CorpusException error = Assert.Throws<CorpusException>(() => new JsonLinesCorpus(path).Documents().Count());
        Assert.Contains($"'{path}:3'", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Invalid_utf8_is_an_error_that_names_the_line()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("bad.jsonl", [.. "{\"text\":\"fine\"}\n{\"text\":\""u8, 0xFF, .. "\"}\n"u8]);
        Assert.Contains($"'{path}:2' is not valid UTF-8", Assert.Throws<CorpusException>(() => new JsonLinesCorpus(path).Documents().Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_end_is_refused_before_it_fills_the_memory()
    {
        using var folder = new TemporaryFolder();
        string path = System.IO.Path.Combine(folder.Path, "large.jsonl");
        using (FileStream file = File.Create(path))
        {
            file.SetLength(1L << 31);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        CorpusException error = Assert.Throws<CorpusException>(() => new JsonLinesCorpus(path).Documents().Count());
        Assert.Contains("line 1: the line is longer than 16,777,216 bytes", error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void A_bomb_of_nested_arrays_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("deep.jsonl", "{\"text\":\"a\",\"x\":" + new string('[', 100_000) + new string(']', 100_000) + "}");
        Assert.Throws<CorpusException>(() => new JsonLinesCorpus(path).Documents().Count());
    }

    [Fact]
    public void Lines_longer_than_the_buffer_are_read_whole()
    {
        using var folder = new TemporaryFolder();
        string[] texts = [.. new[] { 10, 65_523, 65_524, 65_525, 65_526, 200_000, 3 }.Select(n => new string('é', n))];
        string path = folder.File("long.jsonl", string.Join('\n', texts.Select(t => $"{{\"text\":\"{t}\"}}")));
        Assert.Equal(texts, new JsonLinesCorpus(path).Documents().Select(d => d.Text));
        Assert.Equal(texts.Sum(t => Encoding.UTF8.GetByteCount(t)) + (12 * texts.Length) - 1, new FileInfo(path).Length);
    }
}
