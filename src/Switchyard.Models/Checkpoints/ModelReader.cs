using Switchyard.Models.Architectures;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Reads a model from a folder in Hugging Face's layout.</summary>
internal static class ModelReader
{
    private const int NamesListed = 5;

    public static MoeTransformer Load(string path)
    {
        string folder = HubFolder.Resolve(path);
        ConfigReader config = new(Path.Combine(folder, ModelWriter.ConfigFile));
        Architecture architecture = ModelArchitectures.Of(config);
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        MoeTransformerOptions options = ModelConfiguration.Read(config, architecture, tensors.Names.ToHashSet(StringComparer.Ordinal));
        TensorNames names = architecture.Names(config);
        SizeCheck.Run(tensors, names, options);
        MoeTransformer? model = null;
        try
        {
            model = new MoeTransformer(options with { IsFilledLater = true });
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            IReadOnlyDictionary<string, int> leftOut = Fill(model, tensors, names, architecture);
            model.Source = new ModelSource(architecture, config, names, leftOut);
            model.eval();
            return model;
        }
        catch (ConfigurationException e)
        {
            model?.Dispose();
            throw config.Error(e.Message, e);
        }
        catch
        {
            model?.Dispose();
            throw;
        }
    }

    private static Dictionary<string, int> Fill(MoeTransformer model, CheckpointTensors tensors, TensorNames names, Architecture architecture)
    {
        (string Name, Tensor Tensor)[] others = [.. ModelTensors.WithoutExperts(model).Select(t => (names.Of(t.Name), t.Tensor))];
        ExpertReader[] experts = [.. model.MoeLayers.Select(l => new ExpertReader(l, tensors, names))];
        HashSet<string> wanted = new(others.Select(t => t.Name).Concat(experts.SelectMany(e => e.Names)), StringComparer.Ordinal);

        string[] missing = [.. wanted.Where(n => !tensors.Has(n)).Order(StringComparer.Ordinal)];
        List<string> unexpected = [];
        Dictionary<string, int> leftOut = new(StringComparer.Ordinal);
        foreach (string name in tensors.Names.Where(n => !wanted.Contains(n)).Order(StringComparer.Ordinal))
        {
            if (architecture.LeftOut(name, model.Options) is { } reason)
            {
                leftOut[reason] = leftOut.GetValueOrDefault(reason) + 1;
            }
            else
            {
                unexpected.Add(name);
            }
        }

        if (missing.Length + unexpected.Count > 0)
        {
            throw new CheckpointFormatException(tensors.Path, null, $"{List("missing", missing)}{List("unexpected", unexpected)}");
        }

        foreach ((string name, Tensor tensor) in others)
        {
            tensors.CopyTo(name, tensor);
        }

        foreach (ExpertReader reader in experts)
        {
            reader.Fill();
        }

        return leftOut;
    }

    private static string List(string what, IReadOnlyList<string> names) =>
        names.Count == 0 ? string.Empty : $"{names.Count} tensors are {what}: {string.Join(", ", names.Take(NamesListed))}{(names.Count > NamesListed ? ", …" : string.Empty)}. ";
}
