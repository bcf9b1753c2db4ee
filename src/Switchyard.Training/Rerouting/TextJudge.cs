using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;

namespace Switchyard.Training.Rerouting;

/// <summary>The text that both models are judged by at the end, known to be readable and long enough before any work is done for it.</summary>
internal sealed class TextJudge : IDisposable
{
    private TextJudge(ICorpus corpus, TextTokenizer tokenizer, TextOptions windows) => (Corpus, Tokenizer, Windows) = (corpus, tokenizer, windows);

    /// <summary>The text.</summary>
    public ICorpus Corpus { get; }

    /// <summary>The model's tokenizer.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>How the text is put before the models.</summary>
    public TextOptions Windows { get; }

    /// <summary>The judge of a run; null where it names none.</summary>
    /// <exception cref="ConfigurationException">The text does not fit the model, or is too short.</exception>
    /// <exception cref="CorpusException">It is missing or unreadable.</exception>
    public static TextJudge? Of(RerouteConfig config, ReroutedModel model, CancellationToken cancellation)
    {
        if (config.Judge is null)
        {
            return null;
        }

        TextOptions windows = TextOptions.For(model.Model.Options.LongestSequence, config.JudgeContext, null, config.JudgeTokens ?? long.MaxValue);
        TextTokenizer tokenizer = TextTokenizer.Load(config.Model);
        try
        {
            ICorpus corpus = Corpora.Corpus.Open(config.Judge);
            return new TextWindows(corpus, tokenizer, windows, model.Model.Options.VocabularySize).Read(cancellation).Any(w => w.Tokens.Length > (model.Masking is null ? 1 : 0))
                ? new TextJudge(corpus, tokenizer, windows)
                : throw new ConfigurationException($"'{config.Judge}': no text has two tokens; there is nothing to judge by");
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Tokenizer.Dispose();
}
