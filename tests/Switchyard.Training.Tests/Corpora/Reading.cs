using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

/// <summary>Reading and packing that stop when the test is cancelled.</summary>
internal static class Reading
{
    public static IEnumerable<Document> Documents(this ICorpus corpus) => corpus.Read(TestContext.Current.CancellationToken);

    public static PackedCorpus Pack(ICorpus corpus, string folder, CorpusSplit? split = null, IProgress<long>? progress = null) =>
        PackedCorpus.Build(corpus, folder, split, progress, TestContext.Current.CancellationToken);
}
