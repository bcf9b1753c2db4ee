using Switchyard.Models;
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

        TextOptions windows = TextOptions.For(model.Model.Options.LongestSequence, config.JudgeContext, null, config.JudgeTokens ?? long.MaxValue, "--judge-context");
        TextTokenizer tokenizer = TextTokenizer.Load(config.Model);
        try
        {
            ICorpus corpus = Corpora.Corpus.Open(config.Judge);
            RequireTargets(corpus, tokenizer, windows, model.Model, cancellation);
            return new TextJudge(corpus, tokenizer, windows);
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a text of which no window has a token to judge by.</summary>
    /// <exception cref="ConfigurationException">None has.</exception>
    public static void RequireTargets(ICorpus corpus, TextTokenizer tokenizer, TextOptions windows, MoeTransformer model, CancellationToken cancellation)
    {
        int least = model.Options.Encoder is null ? 2 : 1;
        if (!new TextWindows(corpus, tokenizer, windows, model.Options.VocabularySize).Read(cancellation).Any(w => w.Tokens.Length >= least))
        {
            throw new ConfigurationException($"'{corpus.Path}': no text has two tokens; there is nothing to judge by");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Tokenizer.Dispose();
}
