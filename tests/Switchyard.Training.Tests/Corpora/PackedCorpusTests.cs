using System.Text;
using CsCheck;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class PackedCorpusTests
{
    [Fact]
    public void Documents_are_bytes_ended_by_zero_and_domains_are_kept()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Reading.Pack(new ListCorpus(("x", "aé"), ("y", "b\0c"), ("x", "a\u00E9 "), ("y", "d")), folder.Cache, new CorpusSplit { HeldOutShare = 0 });
        Assert.Equal([(byte)'a', 0xC3, 0xA9, 0, (byte)'b', (byte)' ', (byte)'c', 0, (byte)'d', 0], Train(packed));
        Assert.Equal(["x", "y"], packed.Domains);
        Assert.Equal(3, packed.TrainDocuments);
        Assert.Equal(1, packed.Duplicates);
        Assert.Equal(3, packed.Info.Documents);
        Assert.Equal(10, packed.Info.TrainTokens);
        Assert.Equal(0, packed.Info.HeldOutTokens);
    }

    [Fact]
    public void Each_text_is_on_one_side_once_and_duplicates_never_cross() =>
        Gen.Select(Gen.Int[0, 60].Array[1, 80], Gen.Double[0, 0.9]).Sample(
            (numbers, share) =>
            {
                using var folder = new TemporaryFolder();
                var corpus = new ListCorpus([.. numbers.Select((n, i) => ($"d{n % 4}", $"text  {n}" + new string(' ', i % 3)))]);
                using PackedCorpus packed = Reading.Pack(corpus, folder.Cache, new CorpusSplit { HeldOutShare = share });
                string[] train = Texts(Train(packed));
                string[] heldOut = Texts(HeldOut(packed));
                Assert.Empty(train.Intersect(heldOut));
                Assert.Equal(numbers.Distinct().Select(n => $"text {n}").Order(StringComparer.Ordinal), train.Concat(heldOut).Order(StringComparer.Ordinal));
                Assert.Equal(numbers.Length - numbers.Distinct().Count(), packed.Duplicates);
            },
            iter: 15,
            threads: 1);

    [Fact]
    public void Held_out_text_is_grouped_by_domain_in_order_of_reading()
    {
        using var folder = new TemporaryFolder();
        using PackedCorpus packed = Reading.Pack(ListCorpus.Numbered(40, repeat: 1), folder.Cache, new CorpusSplit { HeldOutShare = 0.5 });
        byte[] bytes = HeldOut(packed);
        long begin = 0;
        for (int d = 0; d < 3; d++)
        {
            int[] numbers = [.. Texts(bytes[(int)begin..(int)packed.HeldOutEnds[d]]).Select(t => int.Parse(t["doc".Length..]))];
            Assert.NotEmpty(numbers);
            Assert.Equal(numbers.Order(), numbers);
            Assert.All(numbers, n => Assert.Equal(packed.Domains[d], $"d{n % 3}"));
            begin = packed.HeldOutEnds[d];
        }

        Assert.Equal(packed.HeldOutTokens, begin);
    }

    [Fact]
    public void It_is_used_again_until_a_file_the_format_or_the_split_changes()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.txt", "some text");
        string Built(string format = "list/1", double share = 0.05)
        {
            var corpus = new ListCorpus(("d", "t")) { Format = format, Files = [path] };
            using PackedCorpus packed = Reading.Pack(corpus, folder.Cache, new CorpusSplit { HeldOutShare = share });
            return $"{System.IO.Path.GetFileName(packed.Folder)}:{corpus.Readings}";
        }

        string first = Built();
        Assert.EndsWith(":1", first, StringComparison.Ordinal);
        Assert.Equal(first.Replace(":1", ":0", StringComparison.Ordinal), Built());
        Assert.EndsWith(":1", Built(format: "list/2"), StringComparison.Ordinal);
        Assert.EndsWith(":1", Built(share: 0.1), StringComparison.Ordinal);
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        Assert.EndsWith(":1", Built(), StringComparison.Ordinal);
        File.AppendAllText(path, "x");
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        Assert.EndsWith(":1", Built(), StringComparison.Ordinal);
        Assert.Equal(5, Directory.GetDirectories(folder.Cache).Length);
    }

    [Fact]
    public void One_that_nobody_has_used_for_a_month_is_removed_when_another_is_made()
    {
        using var folder = new TemporaryFolder();
        string Built(string format)
        {
            using PackedCorpus packed = Reading.Pack(new ListCorpus(("d", format)) { Format = format }, folder.Cache);
            return packed.Folder;
        }

        string old = Built("old/1"), used = Built("used/1"), young = Built("young/1"), foreign = Path.Combine(folder.Cache, new string('z', 32));
        Directory.CreateDirectory(foreign);
        foreach ((string path, int days) in ((string, int)[])[(old, 31), (used, 31), (young, 29), (foreign, 31)])
        {
            Directory.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-days));
        }

        Assert.Equal(used, Built("used/1"));
        Built("new/1");

        Assert.Equal([false, true, true, true], ((string[])[old, used, young, foreign]).Select(Directory.Exists));
    }

    [Theory]
    [InlineData("corpus.json", 10)]
    [InlineData("train.bin", 1)]
    [InlineData("train.idx", 12)]
    [InlineData("heldout.bin", 0)]
    public void A_damaged_one_is_made_anew(string file, int length)
    {
        using var folder = new TemporaryFolder();
        ListCorpus corpus = ListCorpus.Numbered(30);
        string place;
        byte[] train;
        using (PackedCorpus packed = Reading.Pack(corpus, folder.Cache, new CorpusSplit { HeldOutShare = 0.3 }))
        {
            place = packed.Folder;
            train = Train(packed);
        }

        using (FileStream damaged = File.OpenWrite(System.IO.Path.Combine(place, file)))
        {
            damaged.SetLength(length);
        }

        using PackedCorpus again = Reading.Pack(corpus, folder.Cache, new CorpusSplit { HeldOutShare = 0.3 });
        Assert.Equal(2, corpus.Readings);
        Assert.Equal(train, Train(again));
    }

    [Fact]
    public void Index_entries_out_of_range_are_damage_too()
    {
        using var folder = new TemporaryFolder();
        ListCorpus corpus = ListCorpus.Numbered(30);
        string place;
        using (PackedCorpus packed = Reading.Pack(corpus, folder.Cache))
        {
            place = packed.Folder;
        }

        string index = System.IO.Path.Combine(place, "train.idx");
        byte[] bytes = File.ReadAllBytes(index);
        bytes[8] = 77;
        File.WriteAllBytes(index, bytes);
        Reading.Pack(corpus, folder.Cache).Dispose();
        Assert.Equal(2, corpus.Readings);
    }

    [Fact]
    public void Two_builds_at_once_give_one_result()
    {
        using var folder = new TemporaryFolder();
        long[] tokens = new long[8];
        Parallel.For(0, 8, i =>
        {
            using PackedCorpus packed = Reading.Pack(ListCorpus.Numbered(200), folder.Cache);
            tokens[i] = packed.TrainTokens;
        });
        Assert.Single(tokens.Distinct());
        Assert.Single(Directory.GetFileSystemEntries(folder.Cache));
    }

    [Fact]
    public void A_failed_or_cancelled_build_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        string bad = folder.File("bad.jsonl", "{\"text\":\"fine\"}\n{");
        Assert.Throws<CorpusException>(() => Reading.Pack(new JsonLinesCorpus(bad), folder.Cache));
        Assert.Throws<OperationCanceledException>(() => PackedCorpus.Build(ListCorpus.Numbered(3), folder.Cache, cancellationToken: new CancellationToken(canceled: true)));
        Assert.Contains("is empty", Assert.Throws<CorpusException>(() => Reading.Pack(new ListCorpus(), folder.Cache)).Message, StringComparison.Ordinal);
        Assert.Contains("surrogate", Assert.Throws<CorpusException>(() => Reading.Pack(new ListCorpus(("d", "\uD800")), folder.Cache)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Cache));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_an_io_error()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("plain", "x");
        Assert.Contains(file, Assert.ThrowsAny<IOException>(() => Reading.Pack(ListCorpus.Numbered(3), file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_killed_process_left_is_removed_after_a_day()
    {
        using var folder = new TemporaryFolder();
        string Left(char c, int hours)
        {
            string path = System.IO.Path.Combine(folder.Cache, $".{new string(c, 32)}.{new string(c, 32)}");
            Directory.CreateDirectory(path);
            Directory.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-hours));
            return path;
        }

        string old = Left('a', 25);
        string recent = Left('b', 23);
        Reading.Pack(ListCorpus.Numbered(3), folder.Cache).Dispose();
        Assert.False(Directory.Exists(old));
        Assert.True(Directory.Exists(recent));
    }

    internal static byte[] Train(PackedCorpus packed)
    {
        long[] tokens = new long[packed.TrainTokens];
        packed.ReadTrain(0, tokens);
        return Array.ConvertAll(tokens, t => checked((byte)t));
    }

    internal static byte[] HeldOut(PackedCorpus packed)
    {
        long[] tokens = new long[packed.HeldOutTokens];
        packed.ReadHeldOut(0, tokens);
        return Array.ConvertAll(tokens, t => checked((byte)t));
    }

    private static string[] Texts(byte[] bytes) =>
        [.. Encoding.UTF8.GetString(bytes).Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(t => string.Join(' ', t.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
}
