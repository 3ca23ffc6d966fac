using System.Buffers.Binary;
using System.Text;
using IlZo.Reporting;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Reporting;

/// <summary>Event files are read back by a reader of its own, which follows the formats of TFRecord and protobuf.</summary>
public sealed class TensorBoardEventsTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("123456789", 0xE3069283)]
    [InlineData("", 0u)]
    public void The_checksum_is_CRC_32C_rotated_and_moved(string text, uint crc)
    {
        Assert.Equal(crc, Crc32C(Encoding.ASCII.GetBytes(text)));
        uint masked = unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8);
        Assert.Equal(masked, TensorBoardEvents.MaskedChecksum(Encoding.ASCII.GetBytes(text)));
    }

    [Fact]
    public void Every_finite_value_of_the_metrics_is_a_scalar_of_its_step()
    {
        var folder = new RunFolder(_temp["run"]);
        Directory.CreateDirectory(folder.FullPath);
        string[] kept = File.ReadAllLines(TestData.Path("kept-runs", "format2-full", "metrics.jsonl"));
        File.WriteAllLines(folder.MetricsFile, [.. kept, "{\"step\":300,\"loss\":null,\"skipped\":true}", "{\"step\":301,\"loss\":null}"]);
        var events = Read(TensorBoardEvents.Write(_temp["events"], folder));

        Assert.Equal("brain.Event:2", events[0].Version);
        var expected = new List<(long, string, float)>();
        new MetricsReader(folder.MetricsFile).Read(line => expected.AddRange(
            line.Fields.Where(f => double.IsFinite(f.Value)).Select(f => (line.Step, TensorBoardEvents.TagOf(f.Name), (float)f.Value))));
        Assert.Equal(expected, events.Skip(1).SelectMany(e => e.Scalars.Select(s => (e.Step, s.Tag, s.Value))));
        Assert.Contains((300L, "train/skipped", 1f), expected);
        Assert.Contains(expected, e => e.Item2 == "dev/accuracy");
        Assert.All(events, e => Assert.InRange(e.Time, 1.5e9, 1e11));
    }

    [Theory]
    [InlineData("loss", "train/loss")]
    [InlineData("dev_loss", "dev/loss")]
    [InlineData("zero_shot_correct", "zero_shot/correct")]
    [InlineData("developed", "train/developed")]
    public void Tags_group_the_values(string field, string tag) => Assert.Equal(tag, TensorBoardEvents.TagOf(field));

    [Fact]
    public void Another_export_takes_the_place_of_the_first()
    {
        var folder = new RunFolder(TestData.Path("kept-runs", "format2-full"));
        byte[] first = File.ReadAllBytes(TensorBoardEvents.Write(_temp["events"], folder));
        byte[] second = File.ReadAllBytes(TensorBoardEvents.Write(_temp["events"], folder));
        Assert.Equal(first, second);
        Assert.Single(Directory.GetFiles(_temp["events"]));
    }

    private static List<Event> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        var events = new List<Event>();
        for (int at = 0; at < file.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            RequireChecksum(file.AsSpan(at, 8), file.AsSpan(at + 8));
            RequireChecksum(file.AsSpan(at + 12, length), file.AsSpan(at + 12 + length));
            events.Add(Event.Parse(file.AsSpan(at + 12, length)));
            at += 16 + length;
        }

        return events;
    }

    private static void RequireChecksum(ReadOnlySpan<byte> data, ReadOnlySpan<byte> masked)
    {
        uint rotated = unchecked(BinaryPrimitives.ReadUInt32LittleEndian(masked) - 0xa282ead8);
        Assert.Equal(Crc32C(data), (rotated >> 17) | (rotated << 15));
    }

    // Castagnoli's polynomial, bit by bit.
    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return ~crc;
    }

    private sealed record Event(double Time, long Step, string Version, List<(string Tag, float Value)> Scalars)
    {
        public static Event Parse(ReadOnlySpan<byte> bytes)
        {
            var (time, step, version, scalars) = (double.NaN, 0L, "", new List<(string, float)>());
            for (var rest = bytes; rest.Length > 0;)
            {
                switch (Field(ref rest, out var content))
                {
                    case (1, 1):
                        time = BinaryPrimitives.ReadDoubleLittleEndian(content);
                        break;
                    case (2, 0):
                        step = (long)Varint(ref content);
                        break;
                    case (3, 2):
                        version = Encoding.UTF8.GetString(content);
                        break;
                    case (5, 2):
                        while (content.Length > 0)
                        {
                            Assert.Equal((1, 2), Field(ref content, out var value));
                            Assert.Equal((1, 2), Field(ref value, out var tag));
                            Assert.Equal((2, 5), Field(ref value, out var scalar));
                            Assert.Equal(0, value.Length);
                            scalars.Add((Encoding.UTF8.GetString(tag), BinaryPrimitives.ReadSingleLittleEndian(scalar)));
                        }

                        break;
                    case var other:
                        Assert.Fail($"Field {other} is none of an event.");
                        break;
                }
            }

            return new Event(time, step, version, scalars);
        }

        private static (int Number, int WireType) Field(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> content)
        {
            ulong key = Varint(ref rest);
            int wireType = (int)(key & 7);
            var before = rest;
            int length = wireType switch
            {
                0 => before.Length - AfterVarint(before).Length,
                1 => 8,
                2 => checked((int)Varint(ref rest)),
                5 => 4,
                _ => throw new InvalidDataException($"There is no wire type {wireType}."),
            };
            content = rest[..length];
            rest = rest[length..];
            return ((int)(key >> 3), wireType);
        }

        private static ReadOnlySpan<byte> AfterVarint(ReadOnlySpan<byte> bytes)
        {
            Varint(ref bytes);
            return bytes;
        }

        private static ulong Varint(ref ReadOnlySpan<byte> bytes)
        {
            ulong value = 0;
            int shift = 0;
            byte current;
            do
            {
                current = bytes[0];
                bytes = bytes[1..];
                value |= (ulong)(current & 0x7f) << shift;
                shift += 7;
            }
            while (current >= 0x80);
            return value;
        }
    }
}
