using Switchyard.Training.Corpora;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Tests.Trainers;

public sealed class TokenWindowsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("switchyard-test-");

    [Theory]
    [InlineData(20, 11, 10)]
    [InlineData(21, 11, 11)]
    [InlineData(150, 76, 75)]
    [InlineData(long.MaxValue, 100, 300)]
    public void A_limit_is_shared_out_among_the_domains_of_text_files(long most, int first, int second)
    {
        Write("prose", new string('a', 100));
        Write("web", new string('b', 300));

        (long[] Window, int Fresh)[] windows = [.. TokenWindows.Of(new TextCorpus(_folder.FullName), vocabulary: null, context: 8, stride: 8, most)];

        long[] judged = [.. windows.SelectMany(w => w.Window[^w.Fresh..])];
        Assert.Equal(first - 1, judged.Count(t => t == 'a')); // the very first token is only seen
        Assert.Equal(second, judged.Count(t => t == 'b'));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void Write(string domain, string text)
    {
        string folder = _folder.CreateSubdirectory(domain).FullName;
        File.WriteAllText(Path.Combine(folder, "text.txt"), text);
    }
}
