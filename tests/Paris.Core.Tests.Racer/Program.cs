using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Paris.Core.Storage;

// create LOCATION PREFIX ID ROUNDS     all processes create PREFIX/{round} at the same moment; prints the rounds it won
// count  LOCATION NAME SUCCESSES       raises the number in a blob by conditional writes until it succeeded so often; prints the values it wrote
// rate   LOCATION BYTES COUNT durable|fast   writes and reads blobs of a size and prints calls a second
// hammer LOCATION NAME                 replaces a blob without end by content and metadata that belong together; prints a dot a write
var (mode, location) = (args[0], args[1]);
var store = BlobStoreFactory.Open(location, TimeProvider.System, new LocalBlobStoreOptions { Durable = args[^1] == "durable" });
switch (mode)
{
    case "create":
        // Rounds begin when the parent says so on standard input, hence together within a scheduling slice.
        for (var round = 0; round < int.Parse(args[4], CultureInfo.InvariantCulture); round++)
        {
            Console.Out.Write('?');
            Console.Out.Flush();
            Console.In.ReadLine();
            var put = await store.PutAsync($"{args[2]}/{round}", Encoding.UTF8.GetBytes(args[3]), PutCondition.Absent);
            Console.Out.Write(put.Succeeded ? '1' : '0');
            Console.Out.Flush();
        }

        return 0;

    case "count":
        for (var successes = 0; successes < int.Parse(args[3], CultureInfo.InvariantCulture);)
        {
            var current = await store.GetAsync(args[2]);
            var next = current is null ? 1 : int.Parse(Encoding.UTF8.GetString(current.Bytes), CultureInfo.InvariantCulture) + 1;
            var condition = current is null ? PutCondition.Absent : PutCondition.Match(current.ETag);
            var put = await store.PutAsync(args[2], Encoding.UTF8.GetBytes(next.ToString(CultureInfo.InvariantCulture)), condition);
            if (put.Succeeded)
            {
                successes++;
                Console.WriteLine(next.ToString(CultureInfo.InvariantCulture));
            }
        }

        return 0;

    case "rate":
        var bytes = new byte[int.Parse(args[2], CultureInfo.InvariantCulture)];
        var count = int.Parse(args[3], CultureInfo.InvariantCulture);
        for (var warm = 0; warm < 3; warm++)
        {
            await store.PutAsync("rate/warm", bytes, PutCondition.Always);
            await store.GetAsync("rate/warm");
        }

        Report("create", await TimeAsync(i => store.PutAsync($"rate/{i}", bytes, PutCondition.Absent)));
        var etag = (await store.HeadAsync("rate/0"))!.ETag;
        Report("replace", await TimeAsync(async _ => etag = (await store.PutAsync("rate/0", bytes, PutCondition.Match(etag))).ETag!));
        Report("get", await TimeAsync(i => store.GetAsync($"rate/{i}")));
        Report("head", await TimeAsync(i => store.HeadAsync($"rate/{i}")));
        Report("delete", await TimeAsync(i => store.DeleteAsync($"rate/{i}")));
        return 0;

        async Task<double> TimeAsync(Func<int, Task> call)
        {
            var started = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < count; i++)
            {
                await call(i);
            }

            return count / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        }

        void Report(string what, double rate)
            => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-8} {rate,10:0} /s {rate * bytes.Length / 1e6,10:0.0} MB/s"));

    case "hammer":
        for (var number = 0; ; number++)
        {
            var content = new byte[1 + (number * 7919 % 200_000)];
            Array.Fill(content, (byte)number);
            var metadata = new Dictionary<string, string> { ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)) };
            await store.PutAsync(args[2], content, PutCondition.Always, metadata);
            Console.Out.Write('.');
            Console.Out.Flush();
        }

    default:
        return 2;
}
