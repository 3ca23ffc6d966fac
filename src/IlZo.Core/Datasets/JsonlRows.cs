using System.Text.Json;
using IlZo.Files;
using IlZo.Tasks;

namespace IlZo.Datasets;

/// <summary>The rows of a file of JSON lines.</summary>
internal sealed class JsonlRows(string path) : RowSource
{
    private readonly JsonlReader _reader = JsonlReader.Open(path);

    public override long Position => _reader.LineNumber;

    public override DataRow? Next()
    {
        if (!_reader.Read())
        {
            return null;
        }

        using var document = Document();
        return new DataRow(_reader.Where, (OrderedDictionary<string, object?>)JsonValues.Of(document.RootElement, _reader.Error)!);
    }

    // A .json file may also be an array, or was meant to be one.
    private JsonDocument Document()
    {
        try
        {
            return _reader.ParseObject();
        }
        catch (InvalidInputException e) when (_reader.LineNumber == 1 && TextFile.ContentExtension(path) == ".json")
        {
            throw new InvalidInputException($"{e.Message.TrimEnd('.')}, or an array of objects.", e);
        }
    }

    public override void Dispose() => _reader.Dispose();
}
