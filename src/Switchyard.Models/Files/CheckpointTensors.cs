using static TorchSharp.torch;

namespace Switchyard.Models.Files;

/// <summary>The tensors of a checkpoint's folder, mapped into memory: of <c>model.safetensors</c>, of the files that <c>model.safetensors.index.json</c> names, or, where there is neither, of <c>model-00001-of-0000N.safetensors</c> to the N-th. Headers are checked when it is opened; tensors cost memory only as they are touched.</summary>
/// <remarks>Every tensor that the index maps must be in its file, every tensor of a file must be mapped to that file, and none may be in two.</remarks>
public sealed class CheckpointTensors : IDisposable
{
    /// <summary>The one file of weights.</summary>
    internal const string WeightsFile = "model.safetensors";

    /// <summary>What names several files of weights.</summary>
    internal const string IndexFile = WeightsFile + ".index.json";
    private readonly Dictionary<string, SafetensorsFile> _files = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> _opened = [];

    private CheckpointTensors(string path) => Path = path;

    /// <summary>The file that names all tensors: the index, the one file of weights, or the first of several without an index.</summary>
    public string Path { get; }

    /// <summary>The files of weights, in order of their names.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _opened;

    /// <summary>All names.</summary>
    public IReadOnlyCollection<string> Names => _files.Keys;

    /// <summary>Opens the weights of a folder.</summary>
    /// <exception cref="CheckpointFormatException">There are none, a file is missing, or one breaks a rule of its format.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static CheckpointTensors Open(string folder)
    {
        string single = System.IO.Path.Combine(folder, WeightsFile);
        string index = System.IO.Path.Combine(folder, IndexFile);
        bool sharded = File.Exists(index) && !File.Exists(single);
        IReadOnlyList<string> files = sharded ? [] : File.Exists(single) ? [WeightsFile] : NumberedFiles.Of(folder);
        if (!sharded && files.Count == 0)
        {
            throw new CheckpointFormatException(single, null, WhyNot(folder));
        }

        CheckpointTensors tensors = new(sharded ? index : System.IO.Path.Combine(folder, files[0]));
        try
        {
            tensors.OpenFiles(folder, files, sharded ? SafetensorsIndex.Read(index) : null);
            return tensors;
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Has(string name) => _files.ContainsKey(name);

    /// <summary>The file that holds a tensor.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor.</exception>
    public SafetensorsFile FileOf(string name) =>
        _files.TryGetValue(name, out SafetensorsFile? file) ? file
        : throw new CheckpointFormatException(Path, name, _files.Count == 0 ? "there is no tensor at all." : $"there is no such tensor; the nearest name is '{NearestName.Of(name, _files.Keys.Take(4096))}'.");

    /// <summary>The entry of a tensor.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor.</exception>
    public SafetensorsEntry Entry(string name) => FileOf(name).Entry(name);

    /// <summary>A copy of a tensor in its stored type; the caller owns it.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor.</exception>
    public Tensor Load(string name) => FileOf(name).Load(name);

    /// <summary>Copies a tensor into one of the same shape, whose type it takes.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor, its shape is another, or its type is not of the same sort: floating point and whole numbers are not turned into each other.</exception>
    public void CopyTo(string name, Tensor destination)
    {
        RequireType(name, destination.dtype);
        FileOf(name).CopyTo(name, destination);
    }

    /// <summary>Checks that a tensor can be copied into one of a type.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor, or its type is not of the same sort.</exception>
    internal void RequireType(string name, ScalarType type)
    {
        SafetensorsType found = Entry(name).Type;
        bool real = type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;
        if (real ? found is not (SafetensorsType.F64 or SafetensorsType.F32 or SafetensorsType.F16 or SafetensorsType.BF16) : found != SafetensorsTypes.Of(type))
        {
            throw new CheckpointFormatException(FileOf(name).Path, name, $"its type is {found}; expected {(real ? "F64, F32, F16 or BF16" : SafetensorsTypes.Of(type))}.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _opened.ForEach(f => f.Dispose());

    /// <summary>What is wrong with a folder that has no weights of a name that is looked for.</summary>
    private static string WhyNot(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return "there is no such folder.";
        }

        string? other = Directory.EnumerateFiles(folder, "*.safetensors").Select(System.IO.Path.GetFileName).Order(StringComparer.Ordinal).FirstOrDefault();
        string? pickle = Directory.EnumerateFiles(folder, "*.bin").Concat(Directory.EnumerateFiles(folder, "*.pt*")).Select(System.IO.Path.GetFileName).FirstOrDefault();
        return other is not null ? $"there is no such file, nor {IndexFile}, but '{other}': rename it if it holds the whole model."
            : pickle is not null ? $"there is no such file, but a pickle file, '{pickle}', which can run code when read and is never opened: convert it to safetensors."
            : "there are no weights.";
    }

    private void OpenFiles(string folder, IReadOnlyList<string> files, Dictionary<string, string>? map)
    {
        foreach (string name in map?.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal) ?? (IEnumerable<string>)files)
        {
            string path = System.IO.Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                throw new CheckpointFormatException(path, null, $"the index '{Path}' names this file, but it is not there.");
            }

            SafetensorsFile file = SafetensorsFile.Open(path);
            _opened.Add(file);
            foreach (string tensor in file.Entries.Keys)
            {
                if (map is not null && !map.ContainsKey(tensor))
                {
                    throw new CheckpointFormatException(path, tensor, $"the index '{Path}' does not name it.");
                }

                if (map is not null && map[tensor] != name)
                {
                    throw new CheckpointFormatException(path, tensor, $"the index '{Path}' says that it is in '{map[tensor]}'.");
                }

                if (!_files.TryAdd(tensor, file))
                {
                    throw new CheckpointFormatException(path, tensor, $"it is in '{System.IO.Path.GetFileName(_files[tensor].Path)}' as well.");
                }
            }
        }

        if (map?.Keys.FirstOrDefault(t => !_files.ContainsKey(t)) is { } missing)
        {
            throw new CheckpointFormatException(Path, missing, $"it is not in '{map[missing]}', where the index says that it is.");
        }
    }
}
