using System.Text.Json;

namespace Switchyard.Training.Corpora;

/// <summary>Turns a packed corpus of bytes into one of tokens, document by document: the same documents on the same sides, held-out ones in the same order.</summary>
internal static class TokenizedWriter
{
    /// <summary>Bytes of a token in the files.</summary>
    public const int TokenBytes = sizeof(int);

    public static void Write(PackedCorpus bytes, CorpusVocabulary vocabulary, string folder, CancellationToken cancellation)
    {
        (long trainTokens, _) = WriteSide(bytes.Folder, folder, PackedCorpus.TrainTokensFile, PackedCorpus.TrainIndexFile, 0);
        (long heldOutTokens, long[] ends) = WriteSide(bytes.Folder, folder, PackedCorpus.HeldOutTokensFile, PackedCorpus.HeldOutIndexFile, bytes.Domains.Count);
        PackedManifest manifest = bytes.Manifest with
        {
            TrainTokens = trainTokens,
            HeldOutTokens = heldOutTokens,
            HeldOutEnds = ends,
            TokenBytes = TokenBytes,
            TrainBytes = bytes.TrainTokens,
            HeldOutBytes = bytes.HeldOutTokens,
        };
        using FileStream file = File.Create(Path.Combine(folder, PackedCorpus.ManifestFile));
        JsonSerializer.Serialize(file, manifest);
        file.Flush(flushToDisk: true);

        (long Tokens, long[] Ends) WriteSide(string from, string to, string tokens, string index, int domains)
        {
            long[] sideEnds = new long[domains];
            using PackedDocuments documents = new(Path.Combine(from, tokens), Path.Combine(from, index));
            using PackedFile target = new(Path.Combine(to, tokens), Path.Combine(to, index));
            int last = 0;
            foreach ((string text, int domain) in documents.Read())
            {
                cancellation.ThrowIfCancellationRequested();
                if (domains > 0)
                {
                    sideEnds.AsSpan(last, domain - last).Fill(target.Tokens);
                    last = domain;
                }

                target.Add(vocabulary.Tokenizer.Encode(text, addSpecial: false), vocabulary.EndOfDocument, domain);
            }

            sideEnds.AsSpan(Math.Min(last, domains)).Fill(target.Tokens);
            target.Flush();
            return (target.Tokens, sideEnds);
        }
    }
}
