using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes and reads a model as a folder in Hugging Face's layout: <c>config.json</c> and <c>model.safetensors</c>.</summary>
internal static class ModelFolder
{
    private const string ConfigFile = "config.json";
    private const string WeightsFile = "model.safetensors";
    private const int NamesListed = 5;
    private static readonly Dictionary<string, string> Metadata = new(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Both files are written beside the folder first; while they take their places there is no <c>config.json</c>, so that weights never stand with the sizes of other ones.</summary>
    public static void Save(MoeTransformer model, string folder)
    {
        folder = Path.GetFullPath(folder);
        string temporary = $"{Path.TrimEndingDirectorySeparator(folder)}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (NewDisposeScope())
            using (no_grad())
            {
                SafetensorsWriter.Write(Path.Combine(temporary, WeightsFile), ModelTensors.Of(model), Metadata);
            }

            AtomicFile.WriteText(Path.Combine(temporary, ConfigFile), ModelConfiguration.Write(model));
            if (!Directory.Exists(folder))
            {
                Directory.Move(temporary, folder);
                return;
            }

            File.Delete(Path.Combine(folder, ConfigFile));
            File.Move(Path.Combine(temporary, WeightsFile), Path.Combine(folder, WeightsFile), overwrite: true);
            File.Move(Path.Combine(temporary, ConfigFile), Path.Combine(folder, ConfigFile), overwrite: true);
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }

    public static MoeTransformer Load(string folder)
    {
        MoeTransformerOptions options = ModelConfiguration.Read(Path.Combine(folder, ConfigFile));
        using SafetensorsFile file = Open(folder);
        CheckSizes(file, options);
        MoeTransformer? model = null;
        try
        {
            model = new MoeTransformer(options);
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            Fill(model, file);
            model.eval();
            return model;
        }
        catch (ConfigurationException e)
        {
            model?.Dispose();
            throw new CheckpointFormatException(Path.Combine(folder, ConfigFile), null, e.Message, e);
        }
        catch
        {
            model?.Dispose();
            throw;
        }
    }

    private static SafetensorsFile Open(string folder)
    {
        string path = Path.Combine(folder, WeightsFile);
        if (!File.Exists(path))
        {
            throw new CheckpointFormatException(path, null, File.Exists(path + ".index.json") ? "the weights are in several files, which cannot be read yet." : "there are no weights.");
        }

        return SafetensorsFile.Open(path);
    }

    /// <summary>Nothing is allocated from what <c>config.json</c> claims before the weights confirm it.</summary>
    private static void CheckSizes(SafetensorsFile file, MoeTransformerOptions options)
    {
        Expect("model.embed_tokens.weight", options.VocabularySize, options.HiddenSize);
        int last = options.Layers - 1;
        Expect($"model.layers.{last}.self_attn.q_proj.weight", (long)options.Heads * options.HeadSize, options.HiddenSize);
        Expect($"model.layers.{last}.self_attn.k_proj.weight", (long)options.KeyValueHeads * options.HeadSize, options.HiddenSize);
        while (!options.IsMoe(last))
        {
            last--;
        }

        string experts = ModelTensors.ExpertsPrefix(last);
        if (!file.Entries.ContainsKey(experts + "down_proj"))
        {
            Expect($"{experts}{options.Experts - 1}.down_proj.weight", options.HiddenSize, options.InnerSize);
        }

        void Expect(string name, params long[] shape)
        {
            if (!file.Entry(name).Shape.SequenceEqual(shape))
            {
                throw new CheckpointFormatException(file.Path, name, $"its shape is [{string.Join(", ", file.Entry(name).Shape)}]; config.json says [{string.Join(", ", shape)}].");
            }
        }
    }

    private static void Fill(MoeTransformer model, SafetensorsFile file)
    {
        Dictionary<string, Tensor> wanted = ModelTensors.Of(model).ToDictionary(t => t.Name, t => t.Tensor, StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in ModelTensors.Fused(model).Where(t => file.Entries.ContainsKey(t.Name)))
        {
            string part = name[(name.LastIndexOf('.') + 1)..];
            string prefix = name[..^part.Length];
            string[] replaced = part is "down_proj" ? ["down_proj.weight"] : ["gate_proj.weight", "up_proj.weight"];
            foreach (string old in wanted.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal) && replaced.Any(r => k.EndsWith(r, StringComparison.Ordinal))).ToArray())
            {
                wanted.Remove(old);
            }

            wanted.Add(name, tensor);
        }

        string[] missing = [.. wanted.Keys.Where(n => !file.Entries.ContainsKey(n)).Order(StringComparer.Ordinal)];
        string[] unexpected = [.. file.Entries.Keys.Where(n => !wanted.ContainsKey(n)).Order(StringComparer.Ordinal)];
        if (missing.Length + unexpected.Length > 0)
        {
            throw new CheckpointFormatException(file.Path, null, $"{List("missing", missing)}{List("unexpected", unexpected)}");
        }

        foreach ((string name, Tensor tensor) in wanted)
        {
            Copy(file, name, tensor);
        }
    }

    /// <summary>Fused experts may lie transposed, [E, in, out]; where both sizes are equal they are taken as they are.</summary>
    private static void Copy(SafetensorsFile file, string name, Tensor tensor)
    {
        IReadOnlyList<long> shape = file.Entry(name).Shape;
        if (tensor.dim() == 3 && shape.SequenceEqual([tensor.size(0), tensor.size(2), tensor.size(1)]) && tensor.size(1) != tensor.size(2))
        {
            using Tensor stored = file.Load(name);
            using Tensor turned = stored.transpose(1, 2);
            tensor.copy_(turned);
            return;
        }

        file.CopyTo(name, tensor);
    }

    private static string List(string what, string[] names) =>
        names.Length == 0 ? string.Empty : $"{names.Length} tensors are {what}: {string.Join(", ", names.Take(NamesListed))}{(names.Length > NamesListed ? ", …" : string.Empty)}. ";
}
