using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tokenizers;

/// <summary>A byte-level byte-pair vocabulary: token 0 ends a text, the next 256 are bytes, each further one is a merge of two.</summary>
public sealed class BytePairVocabulary
{
    /// <summary>The token that ends a text, id 0.</summary>
    public const string EndToken = "<|endoftext|>";

    /// <summary>GPT-2's pattern of a word.</summary>
    internal const string WordPattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private readonly IReadOnlyList<byte[]> _tokens;
    private readonly IReadOnlyList<(int Left, int Right)> _merges;

    internal BytePairVocabulary(IReadOnlyList<byte[]> tokens, IReadOnlyList<(int Left, int Right)> merges)
    {
        _tokens = tokens;
        _merges = merges;
    }

    /// <summary>Tokens.</summary>
    public int Size => _tokens.Count;

    /// <summary>Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c>, which Hugging Face's libraries and <see cref="TextTokenizer.Load"/> read.</summary>
    /// <param name="folder">Made if it is not there.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string folder)
    {
        AtomicFile.Write(Path.Combine(folder, TokenizerFile.Name), Write);
        AtomicFile.WriteText(
            Path.Combine(folder, "tokenizer_config.json"),
            $$"""{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false, "eos_token": "{{EndToken}}", "model_max_length": 1000000000000000019884624838656}""" + "\n");
    }

    private void Write(Stream stream)
    {
        using Utf8JsonWriter json = new(stream);
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WritePropertyName("added_tokens");
        json.WriteRawValue($$"""[{"id": 0, "content": "{{EndToken}}", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}]""");
        json.WriteNull("normalizer");
        json.WritePropertyName("pre_tokenizer");
        json.WriteRawValue("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}""");
        json.WriteNull("post_processor");
        json.WritePropertyName("decoder");
        json.WriteRawValue("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}""");
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", false);
        json.WriteStartObject("vocab");
        for (int id = 0; id < Size; id++)
        {
            json.WriteNumber(Name(id), id);
        }

        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach ((int left, int right) in _merges)
        {
            json.WriteStartArray();
            json.WriteStringValue(Name(left));
            json.WriteStringValue(Name(right));
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private string Name(int id) => id == 0 ? EndToken : ByteAlphabet.Write(_tokens[id]);
}
