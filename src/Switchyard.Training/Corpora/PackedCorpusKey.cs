using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Switchyard.Training.Corpora;

/// <summary>The name of a packed corpus's folder: a hash of all that it is made from, the files by path, size and time of change.</summary>
internal static class PackedCorpusKey
{
    public static string Of(ICorpus corpus, CorpusSplit split)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append($"{PackedManifest.CurrentSchema}\n{corpus.Format}\n{corpus.Name}\n{corpus.Path}\n{split.HeldOutShare.ToString("R", CultureInfo.InvariantCulture)}\n");
        foreach (string file in corpus.Files)
        {
            var info = new FileInfo(file);
            try
            {
                info = info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
                Append($"{file}\n{info.Length}\n{info.LastWriteTimeUtc.Ticks}\n");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CorpusException($"Cannot read '{file}': {e.Message}", e);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset()[..16]);

        void Append(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The name of the corpus that a vocabulary makes of one of bytes.</summary>
    public static string Of(string bytes, CorpusVocabulary vocabulary) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"tokens/1\n{bytes}\n{vocabulary.Key}\n"))[..16]);
}
