using System.Text;

namespace Switchyard.Training.Corpora;

/// <summary>Text with white space normalised: one space between words, one line end between paragraphs, code kept as it is.</summary>
internal sealed class ProseBuilder
{
    private readonly StringBuilder _text = new();
    private bool _space;
    private bool _break;
    private string _label = "";

    public int Length => _text.Length;

    public bool AtLineStart => _break || _text.Length == 0 || _text[^1] == '\n';

    public void Clear()
    {
        _text.Clear();
        _space = false;
        _break = false;
        _label = "";
    }

    /// <summary>Ends the line.</summary>
    public void Break() => (_break, _label) = (true, "");

    /// <summary>Starts a line with a label, if any words follow before the next break.</summary>
    public void Label(string label)
    {
        Break();
        _label = label;
    }

    public void Words(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (char.IsWhiteSpace(c))
            {
                _space = true;
                continue;
            }

            Separate();
            _text.Append(c);
        }
    }

    public void Verbatim(ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty)
        {
            Separate();
            foreach (char c in text)
            {
                if (c != '\r')
                {
                    _text.Append(c);
                }
            }
        }
    }

    public override string ToString() => _text.ToString();

    private void Separate()
    {
        if (_text.Length > 0 && _text[^1] != '\n')
        {
            if (_break)
            {
                while (_text.Length > 0 && _text[^1] is ' ' or '\t')
                {
                    _text.Length--;
                }

                _text.Append('\n');
            }
            else if (_space)
            {
                _text.Append(' ');
            }
        }

        _break = false;
        _space = false;
        _text.Append(_label);
        _label = "";
    }
}
