using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Runs;

/// <summary>The text of a run as its model reads it: bytes, or tokens of the run's own vocabulary.</summary>
public sealed class RunText : IDisposable
{
    private RunText(RunConfig config, PackedCorpus corpus)
    {
        Config = config;
        Corpus = corpus;
    }

    /// <summary>The configuration, with the size that the vocabulary has.</summary>
    public RunConfig Config { get; }

    /// <summary>The text.</summary>
    public PackedCorpus Corpus { get; }

    /// <summary>Opens the text of a new run; a vocabulary is learnt and written into its folder.</summary>
    /// <param name="config">What is to be trained.</param>
    /// <param name="folder">The folder of the run.</param>
    /// <param name="cancellation">Stops reading, learning and packing.</param>
    /// <exception cref="CorpusException">The text is missing, empty or not readable.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static RunText Begin(RunConfig config, RunFolder folder, CancellationToken cancellation = default)
    {
        PackedCorpus bytes = config.OpenCorpus(cancellation);
        config = config with { CorpusBytes = Length(bytes) };
        return config.Vocabulary is int size
            ? Tokenize(config, bytes, () => CorpusVocabulary.Learn(bytes, size, folder.Path, cancellation), cancellation)
            : new RunText(config, bytes);
    }

    /// <summary>Opens the text of a run that is there, with the vocabulary in its folder.</summary>
    /// <param name="config">The configuration of the run.</param>
    /// <param name="folder">The folder of the run.</param>
    /// <param name="cancellation">Stops reading and packing.</param>
    /// <exception cref="CheckpointFormatException">The vocabulary is missing, damaged, or not that of the model.</exception>
    /// <exception cref="CorpusException">The text is missing, empty or not readable.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static RunText Continue(RunConfig config, RunFolder folder, CancellationToken cancellation = default)
    {
        PackedCorpus bytes = config.OpenCorpus(cancellation);
        if (config.CorpusBytes is { } begun && begun != Length(bytes))
        {
            using (bytes)
            {
                throw new CorpusException($"'{bytes.Info.Path}' has changed: it has {Length(bytes)} bytes of text, and had {begun} when the run began");
            }
        }

        return config.Vocabulary is null
            ? new RunText(config, bytes)
            : Tokenize(config, bytes, () => Vocabulary(config, folder)!, cancellation);
    }

    /// <summary>The vocabulary of a run that is there; null where it was trained on bytes.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, damaged, or not that of the model.</exception>
    public static CorpusVocabulary? Vocabulary(RunConfig config, RunFolder folder)
    {
        if (config.Vocabulary is null)
        {
            return null;
        }

        CorpusVocabulary vocabulary = CorpusVocabulary.Load(folder.Path);
        if (vocabulary.Size != config.Model.VocabularySize)
        {
            int size = vocabulary.Size;
            vocabulary.Dispose();
            throw new CheckpointFormatException(Path.Combine(folder.Path, "tokenizer.json"), null, $"has {size} tokens; the model of the run has {config.Model.VocabularySize}");
        }

        return vocabulary;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Corpus.Dispose();
        Corpus.Vocabulary?.Dispose();
    }

    private static long Length(PackedCorpus bytes) => bytes.TrainTokens + bytes.HeldOutTokens;

    private static RunText Tokenize(RunConfig config, PackedCorpus bytes, Func<CorpusVocabulary> open, CancellationToken cancellation)
    {
        using (bytes)
        {
            CorpusVocabulary vocabulary = open();
            try
            {
                return new RunText(config with { Model = config.Model with { VocabularySize = vocabulary.Size } }, bytes.Tokenize(vocabulary, cancellation));
            }
            catch
            {
                vocabulary.Dispose();
                throw;
            }
        }
    }
}
