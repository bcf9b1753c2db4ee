using System.Text;

namespace Switchyard.Models.Tests.Files;

/// <summary>A folder that goes when the test ends.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("switchyard-test-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file of a stated header length, a header and zeros as data.</summary>
    public string Safetensors(string header, int dataLength = 0, long? statedLength = null) =>
        Safetensors(Encoding.UTF8.GetBytes(header), dataLength, statedLength);

    public string Safetensors(byte[] header, int dataLength = 0, long? statedLength = null) =>
        Write([.. BitConverter.GetBytes(statedLength ?? header.Length), .. header, .. new byte[dataLength]]);

    public string Write(byte[] bytes)
    {
        string path = this["test.safetensors"];
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
