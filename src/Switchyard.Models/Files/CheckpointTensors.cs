using static TorchSharp.torch;

namespace Switchyard.Models.Files;

/// <summary>The tensors of a checkpoint's folder, mapped into memory: of <c>model.safetensors</c>, or of the files that <c>model.safetensors.index.json</c> names. Headers are checked when it is opened; tensors cost memory only as they are touched.</summary>
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

    /// <summary>The file that names all tensors: the index, or the one file of weights.</summary>
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
        if (!sharded && !File.Exists(single))
        {
            string? pickle = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.bin").Concat(Directory.EnumerateFiles(folder, "*.pt*")).FirstOrDefault() : null;
            throw new CheckpointFormatException(single, null, pickle is null
                ? "there are no weights."
                : $"there is no such file, but a pickle file, '{System.IO.Path.GetFileName(pickle)}', which can run code when read and is never opened: convert it to safetensors.");
        }

        CheckpointTensors tensors = new(sharded ? index : single);
        try
        {
            tensors.OpenFiles(folder, sharded ? SafetensorsIndex.Read(index) : null);
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
        SafetensorsEntry entry = Entry(name);
        bool fits = destination.is_floating_point()
            ? entry.Type is SafetensorsType.F64 or SafetensorsType.F32 or SafetensorsType.F16 or SafetensorsType.BF16
            : entry.Type == SafetensorsTypes.Of(destination.dtype);
        if (!fits)
        {
            throw new CheckpointFormatException(FileOf(name).Path, name, $"its type is {entry.Type}; expected {(destination.is_floating_point() ? "F64, F32, F16 or BF16" : SafetensorsTypes.Of(destination.dtype))}.");
        }

        FileOf(name).CopyTo(name, destination);
    }

    /// <inheritdoc/>
    public void Dispose() => _opened.ForEach(f => f.Dispose());

    private void OpenFiles(string folder, Dictionary<string, string>? map)
    {
        foreach (string name in map?.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal) ?? (IEnumerable<string>)[WeightsFile])
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

                _files.Add(tensor, file);
            }
        }

        if (map?.Keys.FirstOrDefault(t => !_files.ContainsKey(t)) is { } missing)
        {
            throw new CheckpointFormatException(Path, missing, $"it is not in '{map[missing]}', where the index says that it is.");
        }
    }
}
