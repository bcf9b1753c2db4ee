using System.Globalization;

namespace Switchyard.Peers.Layers;

/// <summary>An ONNX model of one input <c>x</c> [T, d] and one output <c>y</c> [T, d], whose weights lie in memory of the caller.</summary>
/// <param name="width">d.</param>
internal sealed class OnnxGraph(int width)
{
    /// <summary>Domain of the operators that are ONNX Runtime's own.</summary>
    public const string Contributed = "com.microsoft";

    /// <summary>Numbers of the element types.</summary>
    public const int Float = 1, UInt8 = 2;

    private const int OperatorSet = 17, FormatVersion = 9;

    // numbers of fields, from onnx.proto
    private readonly OnnxMessage _graph = new OnnxMessage().Add(2, "layer").Add(11, Rows("x", width)).Add(12, Rows("y", width));

    /// <summary>Adds an operator.</summary>
    /// <param name="type">Its name.</param>
    /// <param name="domain">Its domain; empty for ONNX's own.</param>
    /// <param name="inputs">Names of its inputs; empty where one is left out.</param>
    /// <param name="output">Name of its output.</param>
    /// <param name="attributes">Its attributes, of integers, numbers and texts.</param>
    public void Node(string type, string domain, string[] inputs, string output, params (string Name, object Value)[] attributes)
    {
        OnnxMessage node = new OnnxMessage().Add(2, output).Add(3, type).Add(4, type).Add(7, domain);
        Array.ForEach(inputs, input => node.Add(1, input));
        foreach ((string name, object value) in attributes)
        {
            OnnxMessage attribute = new OnnxMessage().Add(1, name);
            node.Add(5, value switch
            {
                float number => attribute.Add(2, number).Add(20, 1L),
                int number => attribute.Add(3, (long)number).Add(20, 2L),
                string text => attribute.Add(4, text).Add(20, 3L),
                _ => throw new ArgumentException($"attribute {name} is a {value.GetType().Name}", nameof(attributes)),
            });
        }

        _graph.Add(1, node);
    }

    /// <summary>Declares a weight that the session is given; the file names another file for it, which must be as long but is not read.</summary>
    public void Weight(string name, int type, long[] shape, string file, long bytes)
    {
        OnnxMessage tensor = new OnnxMessage().Add(2, (long)type).Add(8, name).Add(14, 1L);
        Array.ForEach(shape, n => tensor.Add(1, n));
        foreach ((string key, string value) in new[] { ("location", file), ("offset", "0"), ("length", bytes.ToString(CultureInfo.InvariantCulture)) })
        {
            tensor.Add(13, new OnnxMessage().Add(1, key).Add(2, value));
        }

        _graph.Add(5, tensor);
    }

    /// <summary>The file.</summary>
    public byte[] ToArray() => new OnnxMessage()
        .Add(1, (long)FormatVersion)
        .Add(7, _graph)
        .Add(8, new OnnxMessage().Add(1, string.Empty).Add(2, (long)OperatorSet))
        .Add(8, new OnnxMessage().Add(1, Contributed).Add(2, 1L))
        .ToArray();

    /// <summary>An fp32 tensor [T, width].</summary>
    private static OnnxMessage Rows(string name, int width)
    {
        OnnxMessage shape = new OnnxMessage().Add(1, new OnnxMessage().Add(2, "T")).Add(1, new OnnxMessage().Add(1, (long)width));
        return new OnnxMessage().Add(1, name).Add(2, new OnnxMessage().Add(1, new OnnxMessage().Add(1, (long)Float).Add(2, shape)));
    }
}
