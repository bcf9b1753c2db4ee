using System.Security.Cryptography;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Training.Corpora;

/// <summary>The tokens that a run is trained on where they are not bytes: a byte-level byte-pair encoding, learnt from the training text and kept as <c>tokenizer.json</c> in the folder of the run.</summary>
public sealed class CorpusVocabulary : IDisposable
{
    private const string TokenizerFile = "tokenizer.json";
    private const string Separator = "[SEP]"; // ends a text where an encoder has no other end
    private static readonly string[] Files = [TokenizerFile, "tokenizer_config.json"];
    private readonly string _folder;
    private readonly int[]? _bytes;

    private CorpusVocabulary(string folder, TextTokenizer tokenizer, int end)
    {
        _folder = folder;
        Tokenizer = tokenizer;
        EndOfDocument = end;
        int?[] bytes = [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(id => id == end ? 1 : tokenizer.BytesOf(id))];
        _bytes = Array.TrueForAll(bytes, b => b is not null) ? [.. bytes.Select(b => b!.Value)] : null;
        Key = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(PathIn(folder))));
    }

    /// <summary>Makes tokens of text and text of tokens.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>How many tokens there are.</summary>
    public int Size => Tokenizer.VocabularySize;

    /// <summary>The token that ends a document.</summary>
    public int EndOfDocument { get; }

    /// <summary>A hash of <c>tokenizer.json</c>.</summary>
    internal string Key { get; }

    /// <summary>Learns a vocabulary from the training text, never from what is held out, and writes it.</summary>
    /// <param name="corpus">The text, of bytes.</param>
    /// <param name="size">Tokens of the vocabulary; fewer where no pair occurs twice.</param>
    /// <param name="folder">Gets <c>tokenizer.json</c> and <c>tokenizer_config.json</c>.</param>
    /// <param name="cancellation">Stops between documents and merges.</param>
    /// <exception cref="ConfigurationException">The size is below <see cref="BytePairTrainer.SmallestVocabulary"/>.</exception>
    public static CorpusVocabulary Learn(PackedCorpus corpus, int size, string folder, CancellationToken cancellation = default)
    {
        BytePairTrainer trainer = new();
        using (PackedDocuments documents = new(Path.Combine(corpus.Folder, PackedCorpus.TrainTokensFile), Path.Combine(corpus.Folder, PackedCorpus.TrainIndexFile)))
        {
            foreach ((string text, _) in documents.Read())
            {
                cancellation.ThrowIfCancellationRequested();
                trainer.Add(text);
            }
        }

        trainer.Train(size, cancellation).Save(folder);
        return Load(folder);
    }

    /// <summary>Opens the vocabulary of a folder.</summary>
    /// <exception cref="CheckpointFormatException">There is none, it is damaged, it is not of bytes, or no token ends a text.</exception>
    public static CorpusVocabulary Load(string folder)
    {
        CorpusVocabulary vocabulary = Open(folder);
        if (vocabulary.KnowsBytes)
        {
            return vocabulary;
        }

        vocabulary.Dispose();
        throw new CheckpointFormatException(PathIn(folder), null, "is not a byte-level vocabulary, as runs are trained on");
    }

    /// <summary>Opens the vocabulary of a model, of bytes or not; null where the model reads UTF-8 bytes.</summary>
    /// <param name="model">The folder of a model, or of a repository in a hub cache.</param>
    /// <exception cref="CheckpointFormatException">There is none, it is damaged, or no token ends a text.</exception>
    public static CorpusVocabulary? OfModel(string model)
    {
        string folder = HubFolder.Resolve(model);
        if (File.Exists(PathIn(folder)))
        {
            return Open(folder);
        }

        using TextTokenizer bytes = TextTokenizer.Load(folder);
        return null;
    }

    private static CorpusVocabulary Open(string folder)
    {
        TextTokenizer tokenizer = TextTokenizer.Load(PathIn(folder));
        try
        {
            return new CorpusVocabulary(folder, tokenizer, tokenizer.EndId ?? tokenizer.IdOf(Separator) ?? throw new CheckpointFormatException(PathIn(folder), null, "no eos_token of tokenizer_config.json ends a text"));
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>UTF-8 bytes that a token stands for; one for the end of a document, as where tokens are bytes.</summary>
    /// <exception cref="InvalidOperationException">Tokens do not tell, see <see cref="KnowsBytes"/>.</exception>
    public int BytesOf(long token) => (_bytes ?? throw new InvalidOperationException("the tokens of this vocabulary do not tell their bytes"))[token];

    /// <summary>Whether each token stands for a known number of bytes.</summary>
    public bool KnowsBytes => _bytes is not null;

    /// <summary>Copies its files into another folder.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    public void CopyTo(string folder)
    {
        if (string.Equals(Path.GetFullPath(folder), Path.GetFullPath(_folder), StringComparison.Ordinal))
        {
            return;
        }

        Directory.CreateDirectory(folder);
        foreach (string file in Files)
        {
            byte[] content = File.ReadAllBytes(Path.Combine(_folder, file));
            AtomicFile.Write(Path.Combine(folder, file), stream => stream.Write(content));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Tokenizer.Dispose();

    private static string PathIn(string folder) => Path.Combine(folder, TokenizerFile);
}
